import { appendFileSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const root = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** The scripts of the site: classic ones, because browsers load no modules from disk. */
const SCRIPTS = ["site", "charts", "explorer", "runtime"];
const BUILT = join(root, "../src/vaelab/report/built");

/**
 * `import wasm from "packed:NAME"` gives onnxruntime-web's file, gzipped, in base64: browsers
 * fetch nothing from disk, so it travels inside of the script.
 */
function packed(): Plugin {
  const prefix = "packed:";
  return {
    name: "packed",
    resolveId: (id) => (id.startsWith(prefix) ? `\0${id}` : null),
    load(id) {
      if (!id.startsWith(`\0${prefix}`)) {
        return null;
      }
      const folder = dirname(require.resolve("onnxruntime-web/wasm"));
      const content = readFileSync(join(folder, `${id.slice(prefix.length + 1)}.wasm`));
      const zipped = gzipSync(content, { level: constants.Z_BEST_COMPRESSION });
      return `export default ${JSON.stringify(zipped.toString("base64"))};`;
    },
  };
}

/**
 * A classic script has no `import.meta`. onnxruntime-web only asks it where its file lies, which it
 * need not know; and Vite would put that file inside once more.
 */
function classic(): Plugin {
  return {
    name: "classic",
    enforce: "pre",
    transform: (code, id) =>
      id.includes("onnxruntime-web")
        ? { code: code.replaceAll("import.meta.url", "document.baseURI"), map: null }
        : null,
  };
}

/** Adds the license that onnxruntime-web's package lacks to those that Vite collects. */
function licensed(): Plugin {
  return {
    name: "licensed",
    closeBundle() {
      const text = readFileSync(join(root, "runtime/license.txt"), "utf8");
      appendFileSync(join(BUILT, "runtime.licenses.md"), `\n${text}`);
    },
  };
}

export default defineConfig(({ mode }) => {
  const script = SCRIPTS.find((name) => name === mode);
  return {
    root,
    plugins: [packed(), classic(), ...(script === "runtime" ? [licensed()] : [])],
    ...(script === undefined
      ? {}
      : {
          define: { "process.env.NODE_ENV": '"production"' },
          build: {
            outDir: BUILT,
            emptyOutDir: false,
            target: "es2022",
            reportCompressedSize: false,
            chunkSizeWarningLimit: 30_000,
            license: { fileName: `${script}.licenses.md` },
            lib: {
              entry: join(root, script, "main.ts"),
              formats: ["iife" as const],
              name: `vaelab_${script}`,
              fileName: () => `${script}.js`,
              cssFileName: script,
            },
          },
        }),
    test: { include: ["**/*.test.ts"], exclude: ["node_modules/**"] },
  };
});

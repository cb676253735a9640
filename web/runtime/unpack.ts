/** What was gzipped and written in base64. */
export async function unpack(base64: string): Promise<ArrayBuffer> {
  const zipped = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const plain = new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(plain).arrayBuffer();
}

import { expect, test } from "vitest";
import { inTurn, newestWins } from "./coalesce";

interface Held {
  wish: number;
  finish: (value: string) => void;
  fail: (error: Error) => void;
}

function holding(): { held: Held[]; task: (wish: number) => Promise<string> } {
  const held: Held[] = [];
  const task = (wish: number): Promise<string> =>
    new Promise((finish, fail) => {
      held.push({ wish, finish, fail });
    });
  return { held, task };
}

test("only the newest of the waiting is done", async () => {
  const { held, task } = holding();
  const ask = newestWins(task);
  const answers = [ask(1), ask(2), ask(3)];
  expect(held.map((each) => each.wish)).toEqual([1]);
  held[0]?.finish("first");
  expect(await answers[0]).toBe("first");
  expect(await answers[1]).toBeNull();
  expect(held.map((each) => each.wish)).toEqual([1, 3]);
  held[1]?.finish("third");
  expect(await answers[2]).toBe("third");
});

test("after a failure the next is done", async () => {
  const { held, task } = holding();
  const ask = newestWins(task);
  const [first, second] = [ask(1), ask(2)];
  held[0]?.fail(new Error("no"));
  await expect(first).rejects.toThrow("no");
  held[1]?.finish("second");
  expect(await second).toBe("second");
});

test("tasks take turns, and a failure does not stop the line", async () => {
  const turn = inTurn();
  const seen: string[] = [];
  const bad = turn(async () => {
    seen.push("bad");
    throw new Error("no");
  });
  const good = turn(async () => {
    seen.push("good");
    return 7;
  });
  await expect(bad).rejects.toThrow("no");
  expect(await good).toBe(7);
  expect(seen).toEqual(["bad", "good"]);
});

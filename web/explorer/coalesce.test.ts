import { expect, test } from "vitest";
import { inTurn, newestWins } from "./coalesce";

interface Pending {
  request: number;
  finish: (value: string) => void;
  fail: (error: Error) => void;
}

function controlled(): { pending: Pending[]; task: (request: number) => Promise<string> } {
  const pending: Pending[] = [];
  const task = (request: number): Promise<string> =>
    new Promise((finish, fail) => {
      pending.push({ request, finish, fail });
    });
  return { pending, task };
}

test("of the waiting requests only the newest runs", async () => {
  const { pending, task } = controlled();
  const ask = newestWins(task);
  const answers = [ask(1), ask(2), ask(3)];
  expect(pending.map((each) => each.request)).toEqual([1]);
  pending[0]?.finish("first");
  expect(await answers[0]).toBe("first");
  expect(await answers[1]).toBeNull();
  expect(pending.map((each) => each.request)).toEqual([1, 3]);
  pending[1]?.finish("third");
  expect(await answers[2]).toBe("third");
});

test("after a failure the next request runs", async () => {
  const { pending, task } = controlled();
  const ask = newestWins(task);
  const [first, second] = [ask(1), ask(2)];
  pending[0]?.fail(new Error("no"));
  await expect(first).rejects.toThrow("no");
  pending[1]?.finish("second");
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

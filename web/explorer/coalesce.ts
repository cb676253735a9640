/**
 * Runs one task at a time. Of what is asked for meanwhile only the newest is done, and the others
 * are answered with null: a slider moves faster than a large model decodes.
 */
export function newestWins<Wish, Answer>(
  task: (wish: Wish) => Promise<Answer>,
): (wish: Wish) => Promise<Answer | null> {
  let running = false;
  let next: { wish: Wish; answer: (value: Promise<Answer> | null) => void } | null = null;

  async function run(wish: Wish): Promise<Answer> {
    running = true;
    try {
      return await task(wish);
    } finally {
      running = false;
      const waiting = next;
      next = null;
      waiting?.answer(run(waiting.wish));
    }
  }

  return (wish) => {
    if (!running) {
      return run(wish);
    }
    next?.answer(null);
    return new Promise((answer) => {
      next = { wish, answer };
    });
  };
}

/** Runs tasks one after the other: the runtime computes on one thread anyway. */
export function inTurn(): <Answer>(task: () => Promise<Answer>) => Promise<Answer> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task, task);
    last = result.catch(() => undefined);
    return result;
  };
}

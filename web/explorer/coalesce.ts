/**
 * Runs one task at a time. Of the requests that arrive meanwhile only the newest runs, the others
 * return null: a slider moves faster than a large model decodes.
 */
export function newestWins<Request, Answer>(
  task: (request: Request) => Promise<Answer>,
): (request: Request) => Promise<Answer | null> {
  let running = false;
  let next: { request: Request; answer: (value: Promise<Answer> | null) => void } | null = null;

  async function run(request: Request): Promise<Answer> {
    running = true;
    try {
      return await task(request);
    } finally {
      running = false;
      const waiting = next;
      next = null;
      waiting?.answer(run(waiting.request));
    }
  }

  return (request) => {
    if (!running) {
      return run(request);
    }
    next?.answer(null);
    return new Promise((answer) => {
      next = { request, answer };
    });
  };
}

/** Runs tasks one after the other: the runtime computes on one thread. */
export function inTurn(): <Answer>(task: () => Promise<Answer>) => Promise<Answer> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task, task);
    last = result.catch(() => undefined);
    return result;
  };
}

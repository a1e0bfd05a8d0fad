/** The first SIGINT or SIGTERM requests a clean end, the second one ends the process at once. */

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * @param onFirst called once, with the exit code for the end of the process
 * @returns a signal that is aborted by the first SIGINT or SIGTERM; its `reason` is the exit code
 */
export function handleSignals(
  onFirst: (exitCode: number, name: keyof typeof EXIT_CODES) => void,
): AbortSignal {
  const controller = new AbortController();
  for (const name of Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[]) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT_CODES[name]);
      onFirst(EXIT_CODES[name], name);
      controller.abort(EXIT_CODES[name]);
    });
  }
  return controller.signal;
}

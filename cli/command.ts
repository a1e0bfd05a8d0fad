/** What a subcommand is. A command line is a list of these; `runCli` does the rest. */
import type { z } from 'zod';
import type { Progress } from './progress.ts';

export interface Positional {
  name: string;
  description: string;
  variadic?: boolean;
  optional?: boolean;
  /** Words; without it, a path. */
  isText?: boolean;
}

/** What a running command may use of the process. */
export interface Io {
  /** A line of results on stdout. */
  print(line: string): void;
  /** One JSON value a line on stdout (for `--json`). */
  printJson(value: unknown): void;
  /** A line for people on stderr; never lost under a progress bar. */
  log(line: string): void;
  progress: Progress;
  /** Aborted by the first SIGINT or SIGTERM; a second one ends the process at once. */
  signal: AbortSignal;
}

export interface Command<Options extends z.ZodObject = z.ZodObject> {
  /** `'run images'` for `pipeline run images`. */
  name: string;
  summary: string;
  positionals?: Positional[];
  /**
   * Each key is an option in kebab case; `.describe()` is its help, `.default()` its
   * default, and `.meta({ valueName })` overrides the `<value>` shown. Strings are paths but for
   * those of `.meta({ isText: true })`. Without default and `.optional()` it is required;
   * `.meta({ requiredUnless: KEY })` asks for it unless that other option is given, and
   * `.meta({ group })` overrides its heading in the help (groups.ts).
   */
  options: Options;
  /** Flags whose name is not that of the library's option, e.g. `{ 'cut.ratio': '--prompt-ratio' }`. */
  flags?: Readonly<Record<string, string>>;
  /** Full command lines, shown above the options. */
  examples?: string[];
  /** Shown at the end of its help, as a paragraph. */
  notes?: string;
  /** Keys that `--set` takes, so that who types one as an option is told. */
  settings?(): readonly string[];
  /** The command line that goes on after a stop: the same one, or another, if there is anything to go on with. */
  goOn?: 'same' | ((options: z.output<Options>) => string | undefined);
  /** Resolves to the exit code (nothing is 0). Heavy modules are imported in here, not above. */
  run(positionals: string[], options: z.output<Options>, io: Io): Promise<number | undefined>;
}

/** Keeps the type of `options` in `run`; a list of commands forgets it. */
export function command<Options extends z.ZodObject>(spec: Command<Options>): Command {
  return spec as unknown as Command;
}

/** The interface of a subcommand. A command line is a list of these; `runCli` does the rest. */
import type { z } from 'zod';
import type { Progress } from './progress.ts';

export interface Positional {
  name: string;
  description: string;
  variadic?: boolean;
  optional?: boolean;
  /** True for words; otherwise the argument is a path. */
  isText?: boolean;
  /** True for paths that may also lie in object storage: `s3://bucket/prefix`. */
  isPlace?: boolean;
}

/** The parts of the process that a running command may use. */
export interface Io {
  /** Prints a line of results on stdout. */
  print(line: string): void;
  /** Prints one JSON value per line on stdout (for `--json`). */
  printJson(value: unknown): void;
  /** Prints a line for people on stderr; a progress bar never overwrites it. */
  log(line: string): void;
  progress: Progress;
  /** Aborted by the first SIGINT or SIGTERM; a second one ends the process at once. */
  signal: AbortSignal;
}

export interface Command<Options extends z.ZodObject = z.ZodObject> {
  /** Such as `'run images'` for `pipeline run images`. */
  name: string;
  summary: string;
  positionals?: Positional[];
  /**
   * Each key is an option in kebab case; `.describe()` is its help, `.default()` its
   * default, and `.meta({ valueName })` overrides the `<value>` shown. Strings are paths but for
   * those of `.meta({ isText: true })`; those of `.meta({ isPlace: true })` may be `s3://…`. Without
   * default and `.optional()` it is required; `.meta({ requiredUnless: [KEY] })` asks for it unless one
   * of those options is given, and
   * `.meta({ group })` overrides its heading in the help (groups.ts).
   */
  options: Options;
  /** Flags whose name is not that of the library's option, e.g. `{ 'cut.ratio': '--prompt-ratio' }`. */
  flags?: Readonly<Record<string, string>>;
  /** Full command lines; they are shown above the options. */
  examples?: string[];
  /** A paragraph at the end of its help. */
  notes?: string;
  /** Keys that `--set` takes, so that a person who types one as an option gets a hint. */
  settings?(): readonly string[];
  /**
   * The command line that continues after a stop: the same one, or another; undefined if there is
   * nothing to continue.
   */
  goOn?: 'same' | ((options: z.output<Options>) => string | undefined);
  /**
   * Resolves to the exit code (undefined means 0). Import heavy modules in here, not at the top of
   * the file.
   */
  run(positionals: string[], options: z.output<Options>, io: Io): Promise<number | undefined>;
}

/** Keeps the type of `options` in `run`, which a list of commands loses. */
export function command<Options extends z.ZodObject>(spec: Command<Options>): Command {
  return spec as unknown as Command;
}

/** Runs a command line: finds the command, validates, runs it, and ends with the right exit code. */
import { CommanderError } from 'commander';
import { CodecLmError, messageOf, systemCode } from '../base/error.ts';
import { asPasted } from './called.ts';
import type { Command, Io } from './command.ts';
import { hintFor, withFlags } from './flags.ts';
import { goOnHint } from './go-on.ts';
import { parseOptions, parsePositionals } from './parse.ts';
import { programOf } from './program.ts';
import { StderrProgress } from './progress.ts';
import { handleSignals } from './signals.ts';

export interface CliSpec {
  /** Name of the program. */
  name: string;
  /** How it was called, if that differs from its name: `codec-lm trainer`. */
  calledAs?: string;
  summary: string;
  commands: Command[];
  /** Summary of each first word that several commands share: `{ run: 'Turn a corpus into shards' }`. */
  groups?: Readonly<Record<string, string>>;
}

/** The running command with its arguments and options. */
interface Running {
  command: Command;
  options: Record<string, unknown>;
  /** The command as it was typed, after the name of the program. */
  argv: readonly string[];
}

/** @param argv the arguments after the name of the program */
export async function runCli(spec: CliSpec, argv = process.argv.slice(2)): Promise<void> {
  // If a promise never settles, Node exits silently with 0; success is only set at the end
  // below.
  process.exitCode = 1;
  endQuietlyOnBrokenPipe();
  const stderr = new StderrProgress();
  const called = spec.calledAs ?? spec.name;
  let interruptedBy: number | undefined;
  const signal = handleSignals((exitCode, name) => {
    interruptedBy = exitCode;
    stderr.log(`${called}: ${name} received, stopping cleanly; once more to stop at once`);
  });
  let running: Running | undefined;
  const io: Io = {
    print: (line) => process.stdout.write(`${line}\n`),
    printJson: (value) => process.stdout.write(`${JSON.stringify(value)}\n`),
    log: (line) => stderr.log(withFlags(asPasted(line, called), running?.command)),
    progress: stderr,
    signal,
  };
  let exitCode: number;
  try {
    exitCode = await parseAndRun(spec, argv, io, (started) => {
      running = started;
    });
  } catch (error) {
    stderr.done();
    exitCode = report(called, error, running);
  }
  stderr.done();
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
  process.exit(interruptedBy ?? exitCode);
}

async function parseAndRun(
  { calledAs, ...spec }: CliSpec,
  argv: string[],
  io: Io,
  onStart: (running: Running) => void,
): Promise<number> {
  let exitCode = 0;
  const program = programOf(
    { ...spec, called: calledAs ?? spec.name },
    async (command, positionals, raw) => {
      onStart({ command, options: raw, argv });
      const places = parsePositionals(command.positionals ?? [], positionals);
      const options = parseOptions(command.options, raw, `${spec.name} ${command.name}`);
      onStart({ command, options, argv });
      exitCode = (await command.run(places, options, io)) ?? 0;
    },
  );
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
  return exitCode;
}

function report(called: string, error: unknown, running?: Running): number {
  if (error instanceof CodecLmError) {
    const { command } = running ?? {};
    const going = running && goOnHint(error, called, running);
    const shown = going ?? (error.hint && hintFor(error.hint, command));
    const hint = shown ? ` (${asPasted(shown, called)})` : '';
    const message = withFlags(`${error.message}${hint}`, command);
    process.stderr.write(`${called}: ${message} [${error.code}]\n`);
    if (process.env.CODEC_LM_DEBUG)
      process.stderr.write(`${error.stack}\n${String(error.cause)}\n`);
    return error.exitCode;
  }
  const stack = error instanceof Error ? error.stack : undefined;
  process.stderr.write(
    `${called}: unexpected error: ${messageOf(error)} [INTERNAL]\n${stack ?? ''}\n`,
  );
  return 1;
}

/** `shards inspect | head` closes our stdout; that is not an error. */
function endQuietlyOnBrokenPipe(): void {
  process.stdout.on('error', (error) => {
    if (systemCode(error) === 'EPIPE') process.exit(0);
    throw error;
  });
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}

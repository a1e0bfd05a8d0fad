/**
 * `codec-lm`: all command lines under one name, with set-up and the doctor. Programs with their own
 * codecs call it after they have registered these.
 *
 * @module
 */

import { z } from 'zod';
import { setup } from '../setup/command.ts';
import { doctor } from '../setup/doctor.ts';
import { PROGRAMS } from './codec-lm/programs.ts';
import { type Command, command } from './command.ts';
import { runCli } from './run.ts';

export { CodecLmError, type ErrorCode, type ErrorDetails } from '../base/error.ts';

const NEXT_STEPS = `codec-lm: language models that write image and video files. What to do next:
  npx codec-lm setup                              the fast compute backend, once for each user
  npx codec-lm pipeline run images DIR --out DS   pictures to a dataset of tokens
  npx codec-lm trainer fit --data DS --out RUN    train; then: trainer sample --checkpoint RUN
  npx codec-lm --help                             everything else; doctor shows what this machine has
`;

/** For the list of `--help` and for suggestions: a program is started before its name is parsed. */
function entryOf([name, { summary }]: [string, { summary: string }]): Command {
  return command({ name, summary, options: z.object({}), run: async () => 0 });
}

/** Runs what the arguments of this process say, and ends the process with its exit code. */
export async function runCommandLine(): Promise<void> {
  const argv = process.argv.slice(2);
  const [name, ...rest] = argv;
  if (name === undefined) {
    process.stdout.write(NEXT_STEPS);
  } else if (Object.hasOwn(PROGRAMS, name)) {
    const { spec } = await PROGRAMS[name].load();
    await runCli({ ...spec, calledAs: `codec-lm ${name}` }, rest);
  } else {
    const programs = Object.entries(PROGRAMS).map(entryOf);
    await runCli(
      {
        name: 'codec-lm',
        summary:
          'Train language models on the bytes of image and video files, and sample from them',
        commands: [...programs, setup, doctor],
      },
      argv,
    );
  }
}

/**
 * A small run that is killed in the middle of a save, always at the same place: in the step and
 * at the file that are named. Usage: dies-saving.ts DATA RUN STEP FILE
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { smallFit } from '../../helpers/small-run.ts';

const [data, out, step, file] = process.argv.slice(2);

// Each file of a checkpoint, and at last the folder itself, gets its name by a renaming.
const { rename } = fs.promises;
fs.promises.rename = async (from, to) => {
  const isThere = String(from).includes(`step-${step.padStart(8, '0')}.tmp-`);
  if (isThere && String(to).endsWith(file)) process.kill(process.pid, 'SIGKILL');
  await rename(from, to);
};
syncBuiltinESMExports();

await smallFit({ data, out, set: ['train.steps=6', 'train.saveEvery=2'] });

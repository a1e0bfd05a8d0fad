/** The tables of bench/peers/cases about checkpoints and the server, a row a test. */
import { join } from 'node:path';
import test from 'ava';
import { checkpointCases } from '../../../bench/peers/cases/checkpoints.ts';
import { serverCases } from '../../../bench/peers/cases/server.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

for (const { name, run } of [...checkpointCases, ...serverCases]) {
  test(name, async (t) => t.is(await run(join(await temporaryFolder(t), 'case')), undefined));
}

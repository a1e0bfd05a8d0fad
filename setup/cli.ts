/**
 * `npm run setup`. Tests and the demo call it each time, so it returns at once when everything is
 * set up.
 */
import { isCompiled } from '../compute/compiled/find.ts';
import { findInstalled } from '../compute/installed.ts';
import { lacksKernels } from '../compute/kernels.ts';
import { findTfjsNode } from '../compute/tfjs-node.ts';

const asked = process.argv.length > 2 || process.env.CODEC_LM_BACKEND;
const installed = asked ? undefined : findInstalled('cpu');
if (installed && findTfjsNode() && isCompiled() && !lacksKernels(installed)) {
  const { libtensorflow, source } = installed;
  process.stderr.write(
    `setup: native backend is there: libtensorflow ${libtensorflow} (${source})\n`,
  );
} else {
  const [{ runCli }, { setup }] = await Promise.all([
    import('../cli/run.ts'),
    import('./command.ts'),
  ]);
  // the program has one command, so nobody has to type its name
  await runCli({ name: 'codec-lm', summary: 'Set-up', commands: [setup] }, [
    'setup',
    ...process.argv.slice(2),
  ]);
}

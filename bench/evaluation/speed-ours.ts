/** Our side of bench/evaluation/speed.ts, in a process of its own: the work of bench/peers/evaluation/speed.py. */
import { chooseBackend } from '../../compute/choose.ts';
import { doubleMath } from '../../evaluation/distances/double-math.ts';
import { frechetDistance } from '../../evaluation/distances/frechet.ts';
import { matrix } from '../../evaluation/distances/matrix.ts';
import { extractFeatures } from '../../evaluation/features.ts';
import { compare, readStatistics } from '../../evaluation/index.ts';
import { openNetwork } from '../../evaluation/networks/open.ts';

type Work = () => Promise<Record<string, number>>;

const [what, ...args] = process.argv.slice(2);
const RESIZE = { resize: 'pytorch' } as const;

async function features(weights: string, folder: string): Promise<Work> {
  const backend = await chooseBackend();
  const network = await openNetwork(weights, backend);
  // Made here once, as in the peer's script.
  const { side } = network;
  const { features: found, logits } = network.run(backend.tf.zeros([1, side, side, 3]));
  await found.data();
  for (const tensor of [found, logits]) tensor?.dispose();
  return async () => {
    const done = await extractFeatures(backend, network, folder, RESIZE);
    return { images: done.features.count };
  };
}

async function frechet(...paths: string[]): Promise<Work> {
  const math = doubleMath(await chooseBackend());
  const [a, b] = await Promise.all(paths.map(readStatistics));
  const gaussian = ({ mu, sigma, dims }: typeof a) => ({ mu, sigma: matrix(dims, dims, sigma) });
  return async () => ({ fid: frechetDistance(math, gaussian(a), gaussian(b)) });
}

async function whole(weights: string, a: string, b: string): Promise<Work> {
  return async () => {
    // The peer has one figure; these have KID, precision, recall and Inception score besides.
    const { fid } = await compare(a, b, { features: weights, ...RESIZE });
    return { fid };
  };
}

const WORKS: Record<string, (...args: string[]) => Promise<Work>> = {
  features,
  frechet,
  compare: whole as (...args: string[]) => Promise<Work>,
};
const work = await WORKS[what](...args);
const [before, startedAt] = [process.cpuUsage(), performance.now()];
const result = await work();
const { user, system } = process.cpuUsage(before);
const found = {
  cpu: (user + system) / 1e6,
  clock: (performance.now() - startedAt) / 1000,
  memory: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(`${JSON.stringify({ ...found, ...result })}\n`);

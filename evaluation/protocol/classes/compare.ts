/**
 * Two evaluations class by class (paper, figure 4): the difference of their distances for each class,
 * against how frequent the classes are.
 */
import { readFile } from 'node:fs/promises';
import { CodecLmError } from '../../../base/error.ts';
import { readError } from '../../../base/file-error.ts';
import { type BackendChoice, chooseBackend } from '../../../compute/choose.ts';
import { type EvaluationTable, type ProtocolPlan, tableSchema } from '../../../schemas/protocol.ts';
import { doubleMath } from '../../distances/double-math.ts';
import { frechetDistance, gaussianOf } from '../../distances/frechet.ts';
import { type DoubleMath, rowsAt } from '../../distances/matrix.ts';
import type { Rows } from '../../npz/statistics.ts';
import type { Resize } from '../../pictures/resize.ts';
import type { ProtocolEvent } from '../events.ts';
import { FeatureStore } from '../feature-store.ts';
import { conditionsOf, drawsOf, Layout, type PromptCondition, seedsOf } from '../layout.ts';
import { readProtocolPlan } from '../plan.ts';
import { drawnSet, rawList } from '../sets.ts';
import { type Correlation, pearson } from './correlation.ts';
import { readFrequencies } from './frequencies.ts';

export interface ClassFigures {
  readonly class: string;
  readonly pictures: number;
  /** Distances to the raw pictures of the class, means over seeds. */
  readonly first: number;
  readonly second: number;
  readonly difference: number;
  readonly frequency: number;
}

export interface ClassComparison {
  readonly condition: string;
  readonly title: string;
  /** Name of the distance: `FID` or `FD-…`. */
  readonly distance: string;
  readonly classes: readonly ClassFigures[];
  /** Classes with fewer than two pictures, and those whose frequency is not known. */
  readonly tooFew: number;
  readonly unknown: number;
  readonly frequency: Correlation;
  /** With the logarithm; null where a frequency is 0. */
  readonly logFrequency: Correlation | null;
}

export interface ClassesOptions {
  /** File of lines `class,frequency`. */
  frequencies: string;
  backend?: BackendChoice;
  onEvent?: (event: ProtocolEvent) => void;
}

/**
 * Compares finished evaluations of the same pictures, from the features that they keep. Of several
 * sampling settings the first of each is taken.
 * @param first its difference is positive where this one is farther from the pictures
 * @returns one for each condition that both have
 * @throws CodecLmError `INPUT_NOT_FOUND` for a folder without a table; `STATISTICS_MISMATCH` for other pictures
 *   or networks; `PICTURES_TOO_FEW`, `CONFIG_INVALID`
 */
export async function compareClasses(
  first: string,
  second: string,
  { frequencies: file, backend: choice, onEvent }: ClassesOptions,
): Promise<ClassComparison[]> {
  const frequencies = await readFrequencies(file);
  const [a, b] = [await open(first), await open(second)];
  check(a, b);
  const backend = await chooseBackend({ backend: choice, onEvent });
  const math = doubleMath(backend);
  const shared = conditionsOf(a.plan.settings).filter(({ id, ratio }) => {
    const isInBoth = conditionsOf(b.plan.settings).some((other) => other.id === id);
    return isInBoth && ratio !== undefined;
  });
  const found: ClassComparison[] = [];
  for (const condition of shared) {
    const sides = [
      await distancesByClass(a, condition, math),
      await distancesByClass(b, condition, math),
    ];
    found.push(compared(condition, sides, frequencies, a.network.distance));
  }
  if (found.length > 0) return found;
  throw new CodecLmError('STATISTICS_MISMATCH', `${first} and ${second} have no ratio in common`);
}

interface Opened {
  readonly path: string;
  readonly layout: Layout;
  readonly plan: ProtocolPlan;
  readonly network: NonNullable<EvaluationTable['network']>;
  readonly store: FeatureStore;
}

async function open(path: string): Promise<Opened> {
  const layout = new Layout(path);
  const plan = await readProtocolPlan(layout);
  const { table: file } = layout;
  const text = await readFile(file, 'utf8').catch((error) => {
    throw readError(error, file, 'reading the table of a finished evaluation');
  });
  const { network } = tableSchema.parse(JSON.parse(text));
  if (!network) {
    throw new CodecLmError('STATISTICS_MISMATCH', `${path} was measured without a network`, {
      path,
      hint: 'run its command again with a network of `features`',
    });
  }
  const { sha256, resize } = network;
  const store = new FeatureStore(layout.features, { sha256, resize: resize as Resize });
  return { path, layout, plan, network, store };
}

function check(a: Opened, b: Opened): void {
  const problem = (what: string, hint: string) =>
    new CodecLmError('STATISTICS_MISMATCH', `${a.path} and ${b.path}: ${what}`, {
      path: b.path,
      hint,
    });
  const namesOf = ({ plan }: Opened) => JSON.stringify(plan.pictures);
  if (namesOf(a) !== namesOf(b)) {
    throw problem('they are of other pictures', 'give both the same `images`, `num` and `seed`');
  }
  if (a.network.sha256 !== b.network.sha256 || a.network.resize !== b.network.resize) {
    throw problem(
      `measured by ${a.network.name}, ${a.network.resize} and ${b.network.name}, ${b.network.resize}`,
      'measure both with the same `features` and `resize`',
    );
  }
  if (a.plan.pictures.some((picture) => picture.class === undefined)) {
    throw problem(
      'their pictures have no classes',
      'put the pictures of each class into a folder of its name, and evaluate that folder',
    );
  }
}

/** The pictures of each class by number. */
function membersOf({ pictures }: ProtocolPlan): Map<string, number[]> {
  const members = new Map<string, number[]>();
  for (const [index, picture] of pictures.entries()) {
    const name = picture.class!;
    members.set(name, [...(members.get(name) ?? []), index]);
  }
  return members;
}

interface ClassDistance {
  readonly pictures: number;
  /** Mean over seeds; undefined for fewer than two pictures. */
  readonly distance?: number;
}

async function distancesByClass(
  { layout, plan, store }: Opened,
  condition: PromptCondition,
  math: DoubleMath,
): Promise<Map<string, ClassDistance>> {
  const [draw] = drawsOf(plan.settings);
  const place = { layout, plan };
  const { features: originals } = await store.read(rawList(place, condition.isHalf));
  const drawn: Rows[] = [];
  for (const seed of seedsOf(plan.settings)) {
    const { list } = await drawnSet(place, condition, draw, seed);
    drawn.push((await store.read(list)).features);
  }
  const found = new Map<string, ClassDistance>();
  for (const [name, members] of membersOf(plan)) {
    const pictures = members.length;
    if (pictures < 2) {
      found.set(name, { pictures });
      continue;
    }
    const reference = gaussianOf(math, rowsAt(originals, members));
    const distances = drawn.map((rows) =>
      frechetDistance(math, reference, gaussianOf(math, rowsAt(rows, members))),
    );
    const distance = distances.reduce((sum, value) => sum + value, 0) / distances.length;
    found.set(name, { pictures, distance });
  }
  return found;
}

function compared(
  { id, title }: PromptCondition,
  [first, second]: readonly Map<string, ClassDistance>[],
  frequencies: ReadonlyMap<string, number>,
  distance: string,
): ClassComparison {
  const classes: ClassFigures[] = [];
  let [tooFew, unknown] = [0, 0];
  for (const [name, { pictures, distance: a }] of first) {
    const b = second.get(name)?.distance;
    const frequency = frequencies.get(name);
    if (a === undefined || b === undefined) tooFew++;
    else if (frequency === undefined) unknown++;
    else {
      const difference = a - b;
      classes.push({ class: name, pictures, first: a, second: b, difference, frequency });
    }
  }
  if (classes.length < 3) {
    throw new CodecLmError(
      'PICTURES_TOO_FEW',
      `${classes.length} classes can be compared: ${tooFew} have fewer than two pictures, of ${unknown} the frequency is not known`,
      { hint: 'a correlation needs three classes or more' },
    );
  }
  const differences = classes.map((each) => each.difference);
  const known = classes.map((each) => each.frequency);
  const isPositive = known.every((value) => value > 0);
  return {
    ...{ condition: id, title, distance, classes, tooFew, unknown },
    frequency: pearson(known, differences),
    logFrequency: isPositive ? pearson(known.map(Math.log10), differences) : null,
  };
}

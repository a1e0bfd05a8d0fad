/** The paper's claims that figures of the study can speak about, and what they say. */
import type { Spread } from '../../../schemas/protocol.ts';
import type { ArmResult, Study } from '../result.ts';

export interface Claim {
  claim: string;
  /** Where the paper says so. */
  place: string;
  found: string;
  verdict: 'yes' | 'no' | 'undecided' | '–';
}

/** Distances nearer to each other than so many of their deviations are not told apart. */
const DEVIATIONS = 2;

export function claimsOf({ results }: Pick<Study, 'results'>): Claim[] {
  const find = (name: string) => results.find(({ arm, drawn }) => arm.name === name && drawn);
  const [jpeg, vq, pixels] = ['jpeg', 'vq', 'pixels'].map(find);
  const claims: Claim[] = [];
  if (jpeg && vq) {
    claims.push(
      nearer("The JPEG model's pictures are nearer to the originals than the VQ model's", jpeg, vq),
    );
  }
  if (jpeg && pixels) {
    const claim = "The JPEG model's pictures are nearer to the originals than the pixel model's";
    claims.push(nearer(claim, jpeg, pixels));
  }
  if (jpeg) {
    const claim = 'The more of the picture is given, the nearer are the completions (JPEG)';
    claims.push({ claim, place: 'table 1', ...falling(jpeg) });
  }
  if (jpeg && vq) {
    const [one, other] = [jpeg.kept, vq.kept];
    claims.push({
      claim: 'VQ loses detail that JPEG keeps',
      place: 'figure 3, section 5.3',
      found: `PSNR ${one.psnr.toFixed(1)} dB in ${one.bits.toFixed(0)} bits, and ${other.psnr.toFixed(1)} dB in ${other.bits.toFixed(0)}`,
      verdict: one.psnr > other.psnr ? 'yes' : 'no',
    });
  }
  if (jpeg) {
    const { conditions, rows } = jpeg.drawn!.table;
    const counts = conditions.map(({ id }) => rows[0].counts[id]);
    const sum = (key: 'invalid' | 'pictures') =>
      counts.reduce((all, each) => all + (each?.[key] ?? 0), 0);
    claims.push({
      claim: 'What the JPEG model writes are files that open',
      place: 'section 5.1',
      found: `${sum('invalid')} of ${sum('pictures').toLocaleString('en-US')} do not open (with the grammar)`,
      verdict: sum('invalid') === 0 ? 'yes' : 'no',
    });
  }
  return claims;
}

/** Distances by condition: those with a prompt first, in the order of the table. */
function distancesOf({ drawn }: ArmResult) {
  return drawn!.table.conditions.flatMap(({ id, title }) => {
    const distance = drawn!.figures?.conditions[id]?.distance;
    return distance === undefined ? [] : [{ id, title, distance }];
  });
}

/** -1 where the first is smaller, 1 where it is larger, 0 where seeds do not tell. */
function compare(one: Spread, other: Spread): number {
  const deviation = Math.hypot(one.deviation ?? 0, other.deviation ?? 0);
  const difference = one.mean - other.mean;
  return Math.abs(difference) <= DEVIATIONS * deviation ? 0 : Math.sign(difference);
}

function nearer(claim: string, one: ArmResult, other: ArmResult): Claim {
  const others = distancesOf(other);
  const pairs = distancesOf(one).flatMap(({ id, title, distance }) => {
    const second = others.find((each) => each.id === id)?.distance;
    if (second === undefined) return [];
    const text = `${title}: ${distance.mean.toFixed(0)} and ${second.mean.toFixed(0)}`;
    return [{ order: compare(distance, second), text }];
  });
  return {
    claim,
    place: 'tables 1 to 3',
    found: pairs.map(({ text }) => text).join('; ') || 'no distances',
    verdict: verdictOf(pairs.map(({ order }) => order)),
  };
}

function falling(of: ArmResult): Pick<Claim, 'found' | 'verdict'> {
  const known = distancesOf(of).filter(({ id }) => id.startsWith('ratio-'));
  return {
    found:
      known.map(({ title, distance }) => `${title}: ${distance.mean.toFixed(0)}`).join('; ') ||
      'no distances',
    verdict: verdictOf(
      known.slice(1).map(({ distance }, i) => compare(distance, known[i].distance)),
    ),
  };
}

/** Holds where it holds in each condition, and not where it fails in one. */
function verdictOf(orders: readonly number[]): Claim['verdict'] {
  if (orders.length === 0) return '–';
  if (orders.some((order) => order > 0)) return 'no';
  return orders.every((order) => order < 0) ? 'yes' : 'undecided';
}

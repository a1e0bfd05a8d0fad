/** The paper's claims that figures of the study can speak about, and what they say. */
import type { ArmResult, Study } from './result.ts';

export interface Claim {
  claim: string;
  /** Where the paper says so. */
  place: string;
  found: string;
  /** Undefined where nothing was measured. */
  holds: boolean | undefined;
}

export function claimsOf({ results, compared }: Pick<Study, 'results' | 'compared'>): Claim[] {
  const [jpeg, vq, pixels] = ['jpeg', 'vq', 'pixels'].map(
    (name) => results.find(({ arm }) => arm.name === name)!,
  );
  const kept = (of: ArmResult) => compared[results.indexOf(of)];
  const invalid = Object.values(jpeg.table.rows[0].counts).reduce(
    (sum, counts) => sum + (counts.invalid ?? 0),
    0,
  );
  return [
    nearer("The JPEG model's pictures are nearer to the originals than the VQ model's", jpeg, vq),
    nearer(
      "The JPEG model's pictures are nearer to the originals than the pixel model's",
      jpeg,
      pixels,
    ),
    {
      claim: 'More of the picture given, nearer completions (JPEG)',
      place: 'table 1',
      ...falling(jpeg),
    },
    {
      claim: 'VQ loses detail that JPEG keeps',
      place: 'figure 3, section 5.3',
      found: `PSNR ${kept(jpeg).psnr.toFixed(1)} dB and ${kept(vq).psnr.toFixed(1)} dB, with ${kept(jpeg).bits.toFixed(0)} and ${kept(vq).bits.toFixed(0)} bits`,
      holds: kept(jpeg).psnr > kept(vq).psnr,
    },
    {
      claim: 'What the JPEG model writes are files that open',
      place: 'section 5.1',
      found: `${invalid} of its files do not open (with the grammar)`,
      holds: invalid === 0,
    },
  ];
}

/** Distances by condition: those with a prompt first, in the order of the table. */
function distancesOf({ table: { rows, conditions } }: ArmResult) {
  return conditions.map(({ id, title }) => ({
    id,
    title,
    distance: rows[0].cells[id]?.raw?.distance.mean,
  }));
}

function nearer(claim: string, one: ArmResult, other: ArmResult): Claim {
  const others = distancesOf(other);
  const pairs = distancesOf(one).flatMap(({ title, distance }, i) => {
    const second = others[i].distance;
    return distance === undefined || second === undefined
      ? []
      : [
          {
            title,
            isNearer: distance < second,
            text: `${title}: ${distance.toFixed(0)}, ${second.toFixed(0)}`,
          },
        ];
  });
  return {
    claim,
    place: 'tables 1 and 3',
    found: pairs.map(({ text }) => text).join('; ') || 'no distances',
    holds: pairs.length === 0 ? undefined : pairs.every(({ isNearer }) => isNearer),
  };
}

function falling(of: ArmResult): Pick<Claim, 'found' | 'holds'> {
  const known = distancesOf(of).filter(
    ({ id, distance }) => id.startsWith('ratio-') && distance !== undefined,
  );
  return {
    found:
      known.map(({ title, distance }) => `${title}: ${distance!.toFixed(0)}`).join('; ') ||
      'no distances',
    holds:
      known.length < 2
        ? undefined
        : known.every(({ distance }, i) => i === 0 || distance! < known[i - 1].distance!),
  };
}

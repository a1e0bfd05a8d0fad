/** plan.json: what an evaluation draws, frozen once the first completion is there. */
import { readFile, rm } from 'node:fs/promises';
import { replaceFile } from '../../base/atomic-file.ts';
import { CodecLmError } from '../../base/error.ts';
import { readError, writeError } from '../../base/file-error.ts';
import { makeFolder, namesIn } from '../../base/files.ts';
import { formatLong } from '../../base/format.ts';
import { type ProtocolPlan, protocolPlanSchema } from '../../schemas/protocol.ts';
import type { Layout } from './layout.ts';

/**
 * Writes the plan into a new folder, or compares it with the one that is there. While nothing is drawn
 * yet another plan replaces it.
 * @throws CodecLmError `OUTPUT_IN_USE` for a folder that holds something else, or an evaluation with other
 *   settings, whose differences it names
 */
export async function enterPlan(layout: Layout, wanted: ProtocolPlan): Promise<void> {
  const found = await readPlanIfThere(layout);
  if (found === undefined) {
    // A command that was killed before its plan leaves hidden names: the lock, half a plan.
    const names = await namesIn(layout.root, writeError);
    const others = names.filter((name) => !name.startsWith('.'));
    if (others.length > 0) {
      throw new CodecLmError('OUTPUT_IN_USE', `${layout.root} is not empty`, {
        path: layout.root,
        hint: 'name another folder as `to`, or that of an evaluation to go on with',
      });
    }
    await write(layout, wanted);
    return;
  }
  const differences = differencesOf(found, wanted);
  if (differences.length === 0) return;
  const isBegun = (await namesIn(layout.completions)).length > 0;
  if (!isBegun) {
    // Prompts of other pictures, and completions with other prompts pasted back, are made anew.
    for (const path of [layout.prompts, layout.rows]) {
      await rm(path, { recursive: true, force: true }).catch((error) => {
        throw writeError(error, path);
      });
    }
    await write(layout, wanted);
    return;
  }
  throw new CodecLmError(
    'OUTPUT_IN_USE',
    `${layout.root} was begun with other settings: ${differences.join('; ')}`,
    {
      path: layout.plan,
      hint: 'go on with the first settings, or name another folder as `to`',
    },
  );
}

/** @throws CodecLmError `INPUT_NOT_FOUND` where no evaluation was begun; `OUTPUT_IN_USE` for another file */
export async function readProtocolPlan(layout: Layout): Promise<ProtocolPlan> {
  const found = await readPlanIfThere(layout);
  if (found) return found;
  throw new CodecLmError('INPUT_NOT_FOUND', `${layout.root} holds no evaluation: no plan.json`, {
    path: layout.plan,
    hint: '`trainer evaluate run` makes such a folder',
  });
}

async function readPlanIfThere({ plan: path }: Layout): Promise<ProtocolPlan | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const ours = readError(error, path);
    if (ours.code === 'INPUT_NOT_FOUND') return undefined;
    throw ours;
  }
  try {
    return protocolPlanSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new CodecLmError('OUTPUT_IN_USE', `${path} is not the plan of an evaluation`, {
      cause: error,
      path,
      hint: 'it was changed by hand or made by another program: name another folder',
    });
  }
}

async function write(layout: Layout, plan: ProtocolPlan): Promise<void> {
  await makeFolder(layout.root);
  await replaceFile(layout.plan, `${JSON.stringify(plan, null, 1)}\n`);
}

/** Everything that completions depend on; places of files do not count. */
function contentOf({ checkpoint, codec, settings, pictures }: ProtocolPlan) {
  const { sha256, weights, cache, engine } = checkpoint;
  return {
    'the checkpoint': sha256,
    ...{ weights, cache, engine },
    'the codec': codec,
    ...settings,
    'the pictures': pictures.map((picture) => [picture.name, picture.sha256]),
  };
}

/** @returns a text for each, `ratios: [0.5] then, [0.25] now` */
export function differencesOf(found: ProtocolPlan, wanted: ProtocolPlan): string[] {
  const [then, now] = [contentOf(found), contentOf(wanted)];
  const textOf = (value: unknown) => formatLong(JSON.stringify(value) ?? 'nothing', 80);
  return Object.keys(now).flatMap((key) => {
    const [a, b] = [then, now].map((content) => content[key as keyof typeof content]);
    if (JSON.stringify(a) === JSON.stringify(b)) return [];
    if (key === 'the pictures') return [picturesText(found, wanted)];
    return [`${key}: ${textOf(a)} then, ${textOf(b)} now`];
  });
}

function picturesText(found: ProtocolPlan, wanted: ProtocolPlan): string {
  const counts = `${found.pictures.length} then, ${wanted.pictures.length} now`;
  const before = new Map(found.pictures.map(({ name, sha256 }) => [name, sha256]));
  const other = wanted.pictures.find(({ name, sha256 }) => before.get(name) !== sha256);
  if (!other) return `the pictures: ${counts}`;
  const what = before.has(other.name) ? 'has another content' : 'was not among them';
  return `the pictures: ${counts}, and ${other.name} ${what}`;
}

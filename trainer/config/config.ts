/** The resolved configuration of a run: defaults < preset < YAML file < `key.path=value` settings. */
import { readFile } from 'node:fs/promises';
import { parse, parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { CodecLmError, messageOf } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { nearestTo } from '../../base/nearest.ts';
import { isRemote, storageAt } from '../../base/storage/index.ts';
import {
  type TrainerConfig,
  type TrainerConfigInput,
  trainerConfigSchema,
} from '../../schemas/trainer.ts';
import { readPreset } from './presets.ts';

export interface ConfigSource {
  /** Name of a preset; wins over `model.preset` of the file. */
  preset?: string;
  /** Path of a YAML file. */
  file?: string;
  /** The same keys as an object. */
  keys?: TrainerConfigInput;
  /** Settings `key.path=value`, with the value in YAML: `optim.betas=[0.9, 0.99]`. */
  set?: readonly string[];
  /**
   * Keys of `model.` that a checkpoint determines: they override the preset, and everything else
   * overrides them.
   */
  model?: Record<string, unknown>;
}

/** The value of one key, and where it was set. */
interface Setting {
  key: string;
  value: unknown;
  origin: string;
}

/** Every key path of the schema, `model.hiddenSize` … */
export function configKeys(): string[] {
  return Object.entries(trainerConfigSchema.shape).flatMap(([group, type]) =>
    Object.keys((type.def.innerType as z.ZodObject).shape).map((key) => `${group}.${key}`),
  );
}

/**
 * @throws CodecLmError `CONFIG_INVALID` that names the key, what was found and where;
 *   `INPUT_NOT_FOUND` when the file is missing
 */
export async function resolveConfig(source: ConfigSource): Promise<TrainerConfig> {
  const file = source.file === undefined ? [] : await settingsOfFile(source.file);
  file.push(...settingsOfTree(source.keys ?? {}, 'config'));
  const set = (source.set ?? []).map(settingOfFlag);
  const named = [...file, ...set].findLast(({ key }) => key === 'model.preset');
  const preset = source.preset ?? (named === undefined ? undefined : String(named.value));
  const base =
    preset === undefined ? [] : settingsOfText(await readPreset(preset), `preset ${preset}`);
  const name = preset === undefined ? [] : [{ key: 'model.preset', value: preset, origin: '' }];
  const model = Object.entries(source.model ?? {}).map(([key, value]) => ({
    key: `model.${key}`,
    value,
    origin: 'the checkpoint',
  }));
  return validate([...base, ...model, ...file, ...set, ...name]);
}

/**
 * Reads the configuration that a run was started with. Its file holds every key, so the preset is
 * only a name.
 */
export async function readResolvedConfig(path: string): Promise<TrainerConfig> {
  return changeResolvedConfig(path, []);
}

/** The same with changes, for a run that is resumed. */
export async function changeResolvedConfig(
  path: string,
  set: readonly string[] = [],
): Promise<TrainerConfig> {
  return validate([...(await settingsOfFile(path)), ...set.map(settingOfFlag)]);
}

/** A configuration as YAML with the description of each key above it. */
export function formatConfig(config: TrainerConfig): string {
  const groups = Object.entries(trainerConfigSchema.shape).map(([group, type]) => {
    const { shape } = type.def.innerType as z.ZodObject;
    const values = config[group as keyof TrainerConfig] as Record<string, unknown>;
    const lines = Object.entries(shape)
      .filter(([key]) => values[key] !== undefined)
      .flatMap(([key, field]) => [
        `  # ${(field as z.ZodType).description}`,
        `  ${stringify({ [key]: values[key] }, { collectionStyle: 'flow' })
          .trim()
          .replace(/^\{ ?(.*?) ?\}$/s, '$1')}`,
      ]);
    return [`${group}:`, ...lines].join('\n');
  });
  return `${groups.join('\n')}\n`;
}

/** JSON Schema (draft 2020-12) of a configuration file, for editors. */
export function configJsonSchema(): unknown {
  return z.toJSONSchema(trainerConfigSchema, { io: 'input' });
}

async function settingsOfFile(path: string): Promise<Setting[]> {
  if (isRemote(path)) return settingsOfText(String(await storageAt(path).read(path)), path);
  try {
    return settingsOfText(await readFile(path, 'utf8'), path);
  } catch (error) {
    throw readError(error, path, 'reading the configuration');
  }
}

function settingsOfText(text: string, origin: string): Setting[] {
  const document = parseDocument(text);
  if (document.errors.length > 0) {
    throw new CodecLmError('CONFIG_INVALID', `${origin}: ${document.errors[0].message}`, {
      cause: document.errors[0],
    });
  }
  return settingsOfTree(document.toJS() ?? {}, origin);
}

function settingsOfTree(tree: unknown, origin: string): Setting[] {
  if (!isTree(tree)) {
    throw new CodecLmError('CONFIG_INVALID', `${origin}: expected groups of keys, found a value`);
  }
  return Object.entries(tree).flatMap(([group, values]) => {
    if (!(group in trainerConfigSchema.shape)) throw unknownKey(group, origin);
    if (values === null || values === undefined) return [];
    if (!isTree(values)) {
      throw new CodecLmError('CONFIG_INVALID', `${origin}: "${group}" must hold keys of its own`);
    }
    return Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => checkKey({ key: `${group}.${key}`, value, origin }));
  });
}

function settingOfFlag(text: string): Setting {
  const at = text.indexOf('=');
  if (at < 1) {
    throw new CodecLmError('CONFIG_INVALID', `\`set\` ${text}: expected key.path=value`);
  }
  const key = text.slice(0, at).trim();
  try {
    return checkKey({ key, value: parse(text.slice(at + 1)), origin: '`set`' });
  } catch (error) {
    if (error instanceof CodecLmError) throw error;
    throw new CodecLmError('CONFIG_INVALID', `\`set\` ${text}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function checkKey(setting: Setting): Setting {
  const { key, origin } = setting;
  if (!configKeys().includes(key)) throw unknownKey(key, origin);
  return setting;
}

function validate(settings: Setting[]): TrainerConfig {
  const tree: Record<string, Record<string, unknown>> = {};
  for (const { key, value } of settings) {
    const [group, name] = key.split('.');
    (tree[group] ??= {})[name] = value;
  }
  const result = trainerConfigSchema.safeParse(tree);
  if (!result.success) {
    const issue = result.error.issues[0];
    const key = issue.path.slice(0, 2).join('.');
    const setting = settings.findLast((candidate) => candidate.key === key);
    const received = setting ? `; received ${JSON.stringify(setting.value)}` : '';
    const origin = setting ? ` (${setting.origin})` : '';
    throw new CodecLmError('CONFIG_INVALID', `${key}: ${issue.message}${received}${origin}`);
  }
  checkShape(result.data);
  return result.data;
}

/** Checks conditions on several keys together. */
function checkShape({ model, optim, train }: TrainerConfig): void {
  const wrong = (message: string) => new CodecLmError('CONFIG_INVALID', message);
  if (model.hiddenSize % (2 * model.heads) !== 0) {
    throw wrong(
      `model.hiddenSize ${model.hiddenSize} over model.heads ${model.heads} must be an even whole number`,
    );
  }
  if (model.heads % model.kvHeads !== 0) {
    throw wrong(`model.kvHeads ${model.kvHeads} must divide model.heads ${model.heads}`);
  }
  if (optim.zeroGroup !== undefined && optim.zero !== 3) {
    throw wrong(`optim.zeroGroup is ${optim.zeroGroup}, but only optim.zero=3 has groups`);
  }
  if (optim.minLr > optim.lr) {
    throw wrong(`optim.minLr ${optim.minLr} is higher than optim.lr ${optim.lr}`);
  }
  const { warmupSteps, decaySteps } = optim;
  if (
    optim.schedule === 'wsd' &&
    decaySteps !== undefined &&
    warmupSteps + decaySteps > train.steps
  ) {
    throw wrong(
      `optim.warmupSteps ${warmupSteps} and optim.decaySteps ${decaySteps} are more than train.steps ${train.steps}`,
    );
  }
  if (optim.mupBaseWidth > 0 && model.tieEmbeddings) {
    throw wrong(
      'optim.mupBaseWidth needs an output layer of its own: with model.tieEmbeddings the logits would have to be scaled, which a Llama has no weight for',
    );
  }
}

function unknownKey(key: string, origin: string): CodecLmError {
  const candidates = [...configKeys(), ...Object.keys(trainerConfigSchema.shape)];
  const nearest = nearestTo(key, candidates)?.candidate;
  return new CodecLmError('CONFIG_INVALID', `${origin}: unknown key "${key}"`, {
    hint: `the nearest is "${nearest}"; \`trainer config show\` lists all`,
  });
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Part of verify: checks the dataset card. */
import { joinPlace } from '../../base/storage/index.ts';
import { CARD_FILE } from '../../schemas/dataset.ts';
import type { Dataset } from '../dataset/dataset.ts';
import type { Findings } from './findings.ts';
import { checkHash } from './hash.ts';

/** Datasets of versions without cards have none; that is not a problem. */
export async function checkCard({ dir, manifest }: Dataset, findings: Findings): Promise<void> {
  const { card } = manifest;
  if (!card) return;
  await findings.collect(CARD_FILE, () => checkHash(joinPlace(dir, CARD_FILE), card));
}

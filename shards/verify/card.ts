/** The part of verify that looks at the dataset card. */
import { join } from 'node:path';
import { CARD_FILE } from '../../schemas/dataset.ts';
import type { Dataset } from '../dataset/dataset.ts';
import type { Findings } from './findings.ts';
import { checkHash } from './hash.ts';

/** Datasets from before there were cards have none, and lack nothing. */
export async function checkCard({ dir, manifest }: Dataset, findings: Findings): Promise<void> {
  const { card } = manifest;
  if (!card) return;
  await findings.collect(CARD_FILE, () => checkHash(join(dir, CARD_FILE), card));
}

/**
 * Writes the golden corpus anew, from a live Pillow; our encoder has no part in it.
 * Run it only when a case is added: node --import=tsx bench/jpeg/golden.ts
 */
import { writeFileSync } from 'node:fs';
import {
  EXPECTED_FILE,
  type GoldenExpectation,
  largestCase,
  photographCases,
  STORED_IN_FULL,
  sha256,
  storedFile,
  syntheticCases,
} from '../../test/helpers/jpeg-golden.ts';
import { startPillow } from './pillow.ts';

const pillow = await startPillow();
const expectations: GoldenExpectation[] = [];
for (const { raster, quality } of [
  ...(await photographCases()),
  ...syntheticCases(),
  largestCase(),
]) {
  const { name, pixels, width, height } = raster;
  const bytes = await pillow.encode(pixels, width, height, quality);
  expectations.push({
    name,
    quality,
    pixels: sha256(pixels),
    length: bytes.length,
    sha256: sha256(bytes),
  });
  if (STORED_IN_FULL.includes(name)) writeFileSync(storedFile(name, quality), bytes);
}
pillow.close();
const lines = expectations.map((expectation) => JSON.stringify(expectation));
writeFileSync(EXPECTED_FILE, `[\n${lines.join(',\n')}\n]\n`);
console.log(`${expectations.length} cases from Pillow ${pillow.version}`);

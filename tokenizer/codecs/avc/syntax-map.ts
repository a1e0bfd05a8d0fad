/** Says of each bit of a clip which kind of syntax it is, and which macroblock it belongs to. */
import { type SyntaxMap, SyntaxMapper } from '../syntax-map.ts';
import { parseAvcDocument } from './document.ts';
import { IDR_SLICE, type NalUnit, SLICE } from './nal.ts';
import type { SyntaxState } from './syntax/state.ts';

/**
 * `start code` includes the header byte of each NAL unit and the bytes that keep start codes out of
 * payloads; `parameters` are parameter sets and SEI; `macroblock` is its type, pattern and quantizer.
 */
const KINDS = [
  ...(['start code', 'parameters', 'slice header', 'macroblock'] as const),
  ...(['intra modes', 'motion', 'residual', 'trailing bits'] as const),
] as const;
type Kind = (typeof KINDS)[number];

/** Elements of slice data by their names in the standard; all others are of the macroblock itself. */
const KIND_OF: Readonly<Record<string, Kind>> = {
  prev_intra4x4_pred_mode_flag: 'intra modes',
  rem_intra4x4_pred_mode: 'intra modes',
  intra_chroma_pred_mode: 'intra modes',
  sub_mb_type: 'motion',
  ref_idx_l0: 'motion',
  mvd_l0: 'motion',
  coeff_token: 'residual',
  trailing_ones_sign_flag: 'residual',
  level_prefix: 'residual',
  level_suffix: 'residual',
  total_zeros: 'residual',
  run_before: 'residual',
  pcm_sample: 'residual',
  rbsp_trailing_bits: 'trailing bits',
};

/** @throws CodecLmError `AVC_INVALID` for bytes that are not canonical */
export function syntaxOfAvc(bytes: Uint8Array): SyntaxMap {
  const mapper = new SyntaxMapper<Kind>(KINDS, bytes.length);
  /** Offsets of the bytes of the unit's payload, less emulation prevention. */
  let places: number[] = [];
  const { macroblocksWide, macroblocksHigh } = parseAvcDocument(bytes, {
    unit(unit, state) {
      places = placesOf(bytes, unit, mapper);
      mapper.whole('start code', unit.start, unit.payloadStart + 1);
      const isSlice = unit.type === SLICE || unit.type === IDR_SLICE;
      if (isSlice) mapper.place(state.macroblock, unit.start, unit.end);
    },
    element(state, from, end) {
      const kind = kindOf(state);
      for (let bit = from; bit < end; bit++) mapper.bit(kind, places[bit >>> 3]);
    },
  });
  return mapper.finish(macroblocksWide, macroblocksHigh);
}

function kindOf({ header, isHeaderRead, name }: SyntaxState): Kind {
  const type = header & 31;
  if (type !== SLICE && type !== IDR_SLICE) return 'parameters';
  if (!isHeaderRead) return 'slice header';
  return KIND_OF[name] ?? 'macroblock';
}

function placesOf(bytes: Uint8Array, unit: NalUnit, mapper: SyntaxMapper<Kind>): number[] {
  const places: number[] = [];
  let zeros = 0;
  for (let i = unit.payloadStart + 1; i < unit.end; i++) {
    const isPrevention = zeros === 2 && bytes[i] === 3;
    if (isPrevention) mapper.whole('start code', i, i + 1);
    else places.push(i);
    zeros = bytes[i] === 0 ? zeros + 1 : 0;
  }
  return places;
}

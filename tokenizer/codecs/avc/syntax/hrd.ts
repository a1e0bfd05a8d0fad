/** Parameters of the hypothetical reference decoder (H.264 annex E.1.2). They change no bit of the slices. */
import type { SyntaxState, Take } from './state.ts';

/** Far above the standard's limits for rates and sizes at any level. */
const MOST_VALUE = 2 ** 31 - 2;

/** @param then expects the element after these parameters */
export function expectHrd(state: SyntaxState, then: (state: SyntaxState) => void): void {
  const takeCount: Take = (s, value) => {
    s.index = 0;
    s.count = value + 1;
    s.fixed('bit_rate_scale', 4, 0, 15, takeRateScale);
  };
  const takeRateScale: Take = (s) => s.fixed('cpb_size_scale', 4, 0, 15, expectEntry);
  const expectEntry = (s: SyntaxState) => {
    if (s.index++ === s.count) s.fixed('initial_cpb_removal_delay_length_minus1', 5, 0, 31, takeI);
    else s.unsigned('bit_rate_value_minus1', 0, MOST_VALUE, takeRate);
  };
  const takeRate: Take = (s) => s.unsigned('cpb_size_value_minus1', 0, MOST_VALUE, takeSize);
  const takeSize: Take = (s) => s.flag('cbr_flag', expectEntry);
  const takeI: Take = (s) => s.fixed('cpb_removal_delay_length_minus1', 5, 0, 31, takeRemoval);
  const takeRemoval: Take = (s) => s.fixed('dpb_output_delay_length_minus1', 5, 0, 31, takeOutput);
  const takeOutput: Take = (s) => s.fixed('time_offset_length', 5, 0, 31, then);
  state.unsigned('cpb_cnt_minus1', 0, 31, takeCount);
}

/** The library of linear algebra that is taken, and the words where it is none. */
import test from 'ava';
import { hasOptional } from '../../base/optional.ts';
import { findLapack } from '../../compute/lapack.ts';
import { testIf } from '../helpers/tools.ts';

test('none is asked for, none is taken', (t) => {
  t.is(findLapack({ CODEC_LM_LAPACK: 'none' }), undefined);
});

testIf(hasOptional('koffi'), 'koffi is not installed', 'a file that is no such library', (t) => {
  for (const named of ['/nowhere/libopenblas.so', 'libc.so.6']) {
    const error = t.throws(() => findLapack({ CODEC_LM_LAPACK: named }), { code: 'TOOL_MISSING' });
    t.true(error?.message.startsWith(`${named} is no library of BLAS and LAPACK`));
  }
});

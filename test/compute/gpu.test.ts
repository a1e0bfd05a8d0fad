import test from 'ava';
import { localRank } from '../../base/launcher.ts';
import { visibleDevice } from '../../compute/gpu.ts';

test('the local rank comes from whichever launcher started the process', (t) => {
  t.is(localRank({}), 0);
  t.is(localRank({ OMPI_COMM_WORLD_LOCAL_RANK: '3' }), 3);
  t.is(localRank({ SLURM_LOCALID: '2' }), 2);
  t.is(localRank({ LOCAL_RANK: 'none' }), 0);
});

test('each rank sees one GPU', (t) => {
  t.is(visibleDevice({}, 0), undefined);
  t.is(visibleDevice({}, 8), '0');
  t.is(visibleDevice({ SLURM_LOCALID: '5' }, 8), '5');
  t.is(visibleDevice({ SLURM_LOCALID: '5' }, 4), '1');
});

test('what the person or the scheduler set is respected', (t) => {
  t.is(visibleDevice({ CUDA_VISIBLE_DEVICES: '6', LOCAL_RANK: '3' }, 8), '6');
  t.is(visibleDevice({ CUDA_VISIBLE_DEVICES: '4,5,6,7', LOCAL_RANK: '1' }, 8), '5');
  t.is(visibleDevice({ CUDA_VISIBLE_DEVICES: '' }, 8), '');
});

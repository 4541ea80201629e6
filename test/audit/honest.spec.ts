import { join } from 'node:path';
import { ownFolder } from './folders.js';
import { makeFolder, verifyFolder, toldBy, copied } from './signed-folder.js';
import { statSync } from 'node:fs';
const folder = ownFolder();
test('probe', async () => {
  for (const [seed, signed, behind] of [[1, 320, 20], [2, 600, 30], [3, 0, 0]] as const) {
    const t0 = performance.now();
    const made = await makeFolder(join(folder, `m${seed}`), { seed, signed, behind });
    const t1 = performance.now();
    const r = await verifyFolder(made);
    const t2 = performance.now();
    for (let i = 0; i < 5; i++) { await verifyFolder(copied(made, join(folder, 'c'))); }
    const t3 = performance.now();
    toldBy(made);
    console.log(signed, t1 - t0, t2 - t1, (t3 - t2) / 5, performance.now() - t3, r, statSync(join(made, 'record.db')).size);
  }
});

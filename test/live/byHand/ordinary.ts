import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { openByHand } from '../../../apps/agent/src/via/embedded/lowLevel/byHand.ts';
import { openUserNamespace, overlayWorks } from '../../../apps/agent/src/via/embedded/userNamespace.ts';
import { Ground, leftovers } from './ground.ts';

// Run as an ordinary user: makes one container in the way that is named and says as JSON what came of it.
const [way = '', user = '', ...command] = process.argv.slice(2);
const ground = new Ground();
const held = !way.endsWith('-alone');
const namespace = await openUserNamespace(ground.tell);
const userNamespace = { mappings: namespace.mappings, held };
const request = { command, memory: '64m', cpus: 1, ...(user === '' ? {} : { user }) };

async function run(): Promise<{ stdout: string; script?: string }> {
  if (way.startsWith('runc')) {
    const plain = ['runc', '--root', path.join(ground.folder, 'runc'), 'run', '-b', ground.bundle, ground.id];
    const [file = '', ...args] = held ? namespace.wrap(plain) : plain;
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
    return {
      stdout: execFileSync(file, args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'inherit'] }),
    };
  }
  const runtime = await openByHand({
    root: path.join(ground.folder, 'state'),
    ...(held ? { userNamespace: namespace } : {}),
  });
  const { stdout, stderr } = await ground.run(runtime, built);
  process.stderr.write(stderr);
  const end = ground.tell.events.find((event) => event.step === 'low-level/create' && event.type === 'end');
  const file = path.join(ground.folder, 'script.sh');
  writeFileSync(file, String(end?.data.script));
  return { stdout, script: execFileSync('sh', [file], { encoding: 'utf8' }) };
}

const built = await ground.build(request, { userNamespace, seccomp: way.startsWith('runc') });
let left: string[] = [];
try {
  const result = await run();
  const overlay = await overlayWorks(namespace, ground.folder);
  const text = JSON.stringify({ ...result, absent: built.absent, mappings: namespace.mappings, overlay });
  process.stdout.write(text);
} finally {
  await namespace.close();
  left = leftovers(ground);
  ground.close();
}
if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);

// What a kubelet asks a container runtime for one pod, made by a process of its own: CRICLIENT SOCKET IMAGE NAME.
import type { Metadata } from '@grpc/grpc-js';
import { openDaemon } from '../../apps/agent/src/via/grpc/daemon.ts';

const [socket = '', image = '', name = ''] = process.argv.slice(2);
const daemon = await openDaemon({
  ...{ name: 'the runtime', socket, actor: { name: 'a client' }, protos: ['cri/runtime'] },
  remedies: { start: '', permission: '', version: '' },
});

function ask(verb: string, message: object, service = 'RuntimeService'): Promise<Record<string, string>> {
  const method = `/runtime.v1.${service}/${verb}`;
  const { request, answer } = daemon.messages.method(method);
  const metadata: Metadata = daemon.metadataOf();
  return new Promise((resolve, reject) => {
    daemon.client.makeUnaryRequest(
      method,
      request.encode,
      answer.decode,
      message as never,
      metadata,
      {},
      (e, v) => (e ? reject(e) : resolve(v as Record<string, string>)),
    );
  });
}

const namespaceOptions = { network: 'NODE', pid: 'CONTAINER', ipc: 'POD' };
const config = {
  ...{ metadata: { name, uid: name, namespace: 'shop', attempt: 0 }, logDirectory: '/tmp' },
  linux: { cgroupParent: '', securityContext: { namespaceOptions } },
};
await ask('PullImage', { image: { image } }, 'ImageService');
const { podSandboxId } = await ask('RunPodSandbox', { config });
const container = { metadata: { name: 'web' }, image: { image }, command: ['/bin/sleep', '60'], linux: {} };
const { containerId } = await ask('CreateContainer', {
  podSandboxId,
  sandboxConfig: config,
  config: container,
});
await ask('StartContainer', { containerId });
await ask('ExecSync', { containerId, cmd: ['/bin/echo', 'inside'], timeout: 10 });
await ask('StopContainer', { containerId, timeout: 0 });
const refused = await ask('StartContainer', { containerId }).then(
  () => 'taken',
  () => 'refused',
);
await ask('RemoveContainer', { containerId });
await ask('StopPodSandbox', { podSandboxId });
await ask('RemovePodSandbox', { podSandboxId });
daemon.close();
process.stdout.write(JSON.stringify({ podSandboxId, containerId, refused }));

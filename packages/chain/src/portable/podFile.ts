import { bytesWords } from '../provenance/values.ts';
import { said } from './composeFile.ts';
import { fillVariables, keepImage, keepProcess, Ledger } from './ledger.ts';
import { type Mounted, podMounts, podPorts } from './podOutside.ts';
import type { Exported, Portable, Told } from './types.ts';
import { labelOf, milliCpus, pinned, quantity } from './words.ts';
import { unlessEmpty, yamlText } from './yamlFile.ts';

type Fields = Record<string, unknown>;

/** Writes a Pod with one container, as `kubectl apply -f` takes it. */
export function podFile(portable: Portable): Exported {
  const ledger = new Ledger();
  const image = keepImage(ledger, portable, (name) => `image: ${name}`);
  const words = commandOf(portable);
  keepProcess(ledger, portable, words.args ? 'args:' : 'command:', 'command:');
  const name = labelOf(portable);
  const pod = podWide(portable, ledger);
  const mounted = podMounts(portable, ledger);
  const container = {
    name,
    image: pinned(portable),
    ...words,
    ...place(portable, ledger),
    ports: unlessEmpty(podPorts(portable, ledger)),
    resources: limits(portable, ledger),
    securityContext: securityOf(portable, ledger),
    volumeMounts: unlessEmpty(mounted.map(({ mount }: Mounted) => mount)),
  };
  fillVariables(ledger, portable);
  addWords(ledger, portable);
  if (!image) return ledger.done('pod', [], '');
  const volumes = unlessEmpty(mounted.map(({ volume }) => volume));
  const text = yamlText(ledger.comments(portable, 'A Pod'), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { ...pod, containers: [container], volumes },
  });
  return ledger.done('pod', [{ name: 'pod.yaml', text }], 'kubectl apply -f pod.yaml');
}

/** Kubernetes replaces `$(NAME)`, and takes two dollar signs for one. */
function literal(text: string): string {
  return text.replace(/\$(?=[$(])/g, '$$$$');
}

/** `command` stands for the image’s ENTRYPOINT and can’t be empty, `args` for its CMD. */
export function commandOf({ entrypoint, args }: Portable): { command?: string[]; args?: string[] } {
  const words = (told: Told<readonly string[]> | undefined) => told?.value.map(literal);
  if (entrypoint && entrypoint.value.length === 0) return { command: words(args) };
  return { command: words(entrypoint), args: words(args) };
}

function podWide(portable: Portable, ledger: Ledger): Fields {
  const { hostname, network, others } = portable;
  const fields: Fields = { restartPolicy: 'Never' };
  const isLabel = hostname && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(hostname.value);
  if (isLabel) {
    fields.hostname = hostname.value;
    ledger.keep('Host name', hostname.value, hostname, 'hostname:');
  } else
    ledger.loseIf(
      hostname,
      `Host name ${hostname?.value}`,
      'a pod’s is one label of lower letters, digits and hyphens',
    );
  if (network?.value === 'host') {
    fields.hostNetwork = true;
    ledger.keep('Network', 'the host’s', network, 'hostNetwork:');
  } else if (network?.value === 'none')
    ledger.lose(
      'No network',
      'a pod always gets one, with an address in the cluster; a NetworkPolicy can close it',
    );
  else ledger.loseIf(network, `Network ${network?.value}`, 'pods share one flat network');
  for (const one of others) {
    const field = POD_FIELDS[said(one.value)];
    if (field) {
      Object.assign(fields, field);
      ledger.keep(`Flag ${one.value.flag}`, said(one.value), one, `${Object.keys(field)[0]}:`);
    } else if (!/^--security-opt no-new-privileges/.test(said(one.value)))
      ledger.lose(said(one.value), 'a pod has no field for it, or another way: see kubectl explain pod.spec');
  }
  return fields;
}

const POD_FIELDS: Readonly<Record<string, Fields>> = {
  '--restart always': { restartPolicy: 'Always' },
  '--restart unless-stopped': { restartPolicy: 'Always' },
  '--restart on-failure': { restartPolicy: 'OnFailure' },
  '--pid host': { hostPID: true },
  '--ipc host': { hostIPC: true },
};

function place(portable: Portable, ledger: Ledger): Fields {
  const { workdir, tty, interactive, env } = portable;
  if (workdir) ledger.keep('Working directory', workdir.value, workdir, 'workingDir:');
  if (tty) ledger.keep('Terminal', 'one of its own', tty, 'tty:');
  if (interactive) ledger.keep('Standard input', 'open', interactive, 'stdin:');
  for (const one of env)
    ledger.keep(
      `Variable ${one.value.name}`,
      one.value.value ?? 'to be filled in',
      one,
      `name: ${one.value.name}`,
    );
  return {
    workingDir: workdir?.value,
    stdin: interactive?.value,
    tty: tty?.value,
    env: unlessEmpty(
      env.map(({ value: { name, value } }) => ({
        name,
        value: value === undefined ? 'FILL IN' : literal(value),
      })),
    ),
  };
}

function limits({ memory, cpus, pids }: Portable, ledger: Ledger): Fields {
  if (memory) ledger.keep('Memory', bytesWords(memory.value), memory, 'memory:');
  if (cpus) ledger.keep('Processors', String(cpus.value), cpus, 'cpu:');
  ledger.loseIf(
    pids,
    `Number of processes, ${pids?.value}`,
    'a pod has no field for it: the kubelet sets it for all pods of a node (podPidsLimit)',
  );
  return { limits: { memory: memory && quantity(memory.value), cpu: cpus && milliCpus(cpus.value) } };
}

function securityOf(portable: Portable, ledger: Ledger): Fields {
  const { capAdd, capDrop, privileged, readOnly, noNewPrivileges, seccomp } = portable;
  if (privileged) ledger.keep('Privileged', 'all of root’s powers', privileged, 'privileged:');
  if (capDrop) ledger.keep('Capabilities dropped', capDrop.value.join(', '), capDrop, 'drop:');
  if (capAdd) ledger.keep('Capabilities added', capAdd.value.join(', '), capAdd, 'add:');
  if (readOnly) ledger.keep('Root filesystem', 'read-only', readOnly, 'readOnlyRootFilesystem:');
  const noMore = noNewPrivileges && !privileged && !capAdd?.value.includes('SYS_ADMIN');
  if (noMore) ledger.keep('No new privileges', 'set', noNewPrivileges, 'allowPrivilegeEscalation:');
  const filter = seccomp && !privileged;
  if (filter)
    ledger.keep(
      'Seccomp filter',
      'there',
      seccomp,
      'type: RuntimeDefault',
      'of the runtime there, in place of the one that this run had; without this line there is none',
    );
  return {
    ...idsOf(portable, ledger),
    privileged: privileged?.value,
    allowPrivilegeEscalation: noMore ? false : undefined,
    readOnlyRootFilesystem: readOnly?.value,
    capabilities: { add: capAdd?.value, drop: capDrop?.value },
    seccompProfile: filter ? { type: 'RuntimeDefault' } : undefined,
  };
}

/** A pod takes numbers alone; those that a name came to stand in config.json. */
function idsOf({ user, ids }: Portable, ledger: Ledger): Fields {
  if (!user) return {};
  const said = /^(\d+)(?::(\d+))?$/.exec(user.value);
  const uid = said ? Number(said[1]) : ids?.value.uid;
  const gid = said?.[2] === undefined ? ids?.value.gid : Number(said[2]);
  if (uid === undefined) {
    ledger.lose(
      `User ${user.value}`,
      'a pod takes a number, and the trace does not tell which one the name has',
    );
    return {};
  }
  ledger.keep('User', user.value, user, 'runAsUser:');
  return { runAsUser: uid, runAsGroup: gid };
}

function addWords(ledger: Ledger, portable: Portable): void {
  const { memory, cpus, removed, builtBy } = portable;
  ledger.adds.push(
    'a sandbox: a pause process that holds the network, IPC and UTS namespaces of the pod',
    'an address in the cluster, its DNS in /etc/resolv.conf, KUBERNETES_… and other services’ variables',
    'a token of the service account under /var/run/secrets, unless automountServiceAccountToken is false',
  );
  if (memory || cpus) ledger.adds.push('requests as large as the limits, by which a node is chosen');
  ledger.adds.push('30 s between SIGTERM and SIGKILL when it is deleted (docker: 10 s)');
  if (removed) ledger.lose('Removed at its end', 'a pod stays until it is deleted');
  if (builtBy)
    ledger.lose(
      'The low-level runtime',
      `${builtBy.value} built this run; a node takes its own, or what a RuntimeClass names`,
    );
}

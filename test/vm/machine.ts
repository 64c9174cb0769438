import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { MachineError } from './command.ts';
import type { DebianImage } from './debianImage.ts';
import type { HouseImages } from './houseImages.ts';

/** Who computes for the guest: the processor itself, or qemu in software. */
export type Accelerator = 'kvm' | 'tcg';

/** How a machine is started. */
export interface MachinePlan {
  debian: DebianImage;
  house: HouseImages;
  /** Where the kernel's serial console is written, from the first line on. */
  consoleLog: string;
  /** Only scenarios whose name contains this. */
  only: string;
  /** Traces of the gallery to be recorded in place of the scenarios, by name. */
  gallery?: readonly string[];
  /** The machine is killed when it has not powered off by then (ms). */
  timeoutMs: number;
}

const KVM_FIRST_WORD_MS = 20_000;

/** Whether the processor says that it can carry a machine; /dev/kvm alone proves nothing under some hypervisors. */
export async function accelerators(): Promise<Accelerator[]> {
  const flags = await readFile('/proc/cpuinfo', 'utf8');
  return /^flags\s*:.*\b(vmx|svm)\b/m.test(flags) ? ['kvm', 'tcg'] : ['tcg'];
}

/**
 * Boots the machine and yields the lines that the guest writes, until it powers off. KVM is given up for software
 * emulation when the kernel has not said a word after 20 s. Throws MachineError when the time is up.
 */
export async function* boot(plan: MachinePlan, say: (text: string) => void): AsyncGenerator<string> {
  for (const accelerator of await accelerators()) {
    await rm(plan.consoleLog, { force: true });
    const qemu = start(plan, accelerator);
    const gone = once(qemu, 'close');
    try {
      if (accelerator === 'kvm' && !(await speaks(plan.consoleLog))) {
        say('KVM does not carry the kernel here: going on in software');
        continue;
      }
      say(`booting with ${accelerator === 'kvm' ? 'KVM' : 'software emulation (TCG)'}`);
      yield* linesUntilOff(qemu, plan.timeoutMs);
      return;
    } finally {
      qemu.kill('SIGKILL');
      await gone;
    }
  }
}

function start(plan: MachinePlan, accelerator: Accelerator): ChildProcess {
  const disk = (file: string, more: string) => ['-drive', `file=${file},format=raw,if=virtio,${more}`];
  const qemu = [
    ...['qemu-system-x86_64', '-nodefaults', '-display', 'none', '-no-reboot', '-m', '3G', '-smp', '2'],
    // pku=off: with emulated protection keys V8 once died in its bookkeeping of code pages; the cause is not proven.
    ...(accelerator === 'kvm'
      ? ['-accel', 'kvm', '-cpu', 'host']
      : ['-accel', 'tcg,thread=multi', '-cpu', 'max,pku=off']),
    ...['-kernel', plan.debian.kernel, '-initrd', plan.debian.initramfs],
    // A pure v2 hierarchy needs no word to the kernel; quiet, because the emulated serial line is slow.
    ...['-append', `console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off ${words(plan)}`],
    ...['-serial', `file:${plan.consoleLog}`],
    ...disk(plan.debian.disk, 'snapshot=on'),
    ...disk(plan.house.libraries, 'readonly=on'),
    ...disk(plan.house.sources, 'readonly=on'),
    // The guest's reports come out of qemu's standard output.
    ...[
      '-device',
      'virtio-serial-pci',
      '-chardev',
      'stdio,id=report,signal=off',
      '-device',
      'virtserialport,chardev=report',
    ],
    ...['-device', 'virtio-rng-pci'],
  ];
  const mortal = ['--pdeathsig', 'KILL', '--', ...qemu];
  return spawn('setpriv', mortal, { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** What is to be done, as a word that the kernel hands through to /proc/cmdline. */
function words({ only, gallery }: MachinePlan): string {
  const word = (text: string) => Buffer.from(text).toString('base64url');
  if (gallery) return `underdock.gallery=${word(gallery.join(','))}`;
  return only === '' ? '' : `underdock.only=${word(only)}`;
}

async function speaks(consoleLog: string): Promise<boolean> {
  for (let waited = 0; waited < KVM_FIRST_WORD_MS; waited += 250) {
    const said = await readFile(consoleLog, 'utf8').catch(() => '');
    if (said !== '') return true;
    await sleep(250);
  }
  return false;
}

async function* linesUntilOff(qemu: ChildProcess, timeoutMs: number): AsyncGenerator<string> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    qemu.kill('SIGKILL');
  }, timeoutMs);
  try {
    yield* createInterface({ input: qemu.stdout!, crlfDelay: Number.POSITIVE_INFINITY });
  } finally {
    clearTimeout(timer);
  }
  if (late)
    throw new MachineError(
      'timeout',
      `the machine was still on after ${Math.round(timeoutMs / 1000)} s and was killed`,
    );
}

import type { DiskStackAnswer } from '@underdock/trace';

/** The options of an overlay, taken apart. */
export interface MountOptions {
  /** All of them, as mount(8) takes them. */
  line: string;
  lower: readonly string[];
  upper: string | undefined;
  work: string | undefined;
  others: readonly string[];
}

/** What the kernel shows of the mount, else what the trace tells. A comma may also stand in the name of a folder. */
export function readOptions(
  stack: Pick<DiskStackAnswer, 'mountOptions' | 'lower' | 'upper' | 'work'>,
): MountOptions {
  const line = stack.mountOptions ?? toldLine(stack);
  const options = line === '' ? [] : line.split(/,(?=[a-z_]+(?:[=,]|$))/);
  const valueNamed = (name: string) =>
    options.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  return {
    line,
    // A colon in the name of a folder is written with a backslash before it.
    lower: valueNamed('lowerdir')?.split(/(?<!\\):/) ?? [],
    upper: valueNamed('upperdir'),
    work: valueNamed('workdir'),
    others: options.filter((one) => !/^(lowerdir|upperdir|workdir)=/.test(one)),
  };
}

function toldLine({ lower, upper, work }: Pick<DiskStackAnswer, 'lower' | 'upper' | 'work'>): string {
  return [
    ...(lower.length > 0 ? [`lowerdir=${lower.join(':')}`] : []),
    ...(upper === undefined ? [] : [`upperdir=${upper}`]),
    ...(work === undefined ? [] : [`workdir=${work}`]),
  ].join(',');
}

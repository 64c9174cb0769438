import { describe, expect, it } from 'vitest';
import { kubeletFragment, ttrpcFragment } from '../../../apps/agent/src/layers/3-high-level/fragment.ts';
import { ROLES } from '../../../apps/agent/src/layers/callRoles.ts';
import {
  buildCallsProgram,
  functionsOf,
  missingFunctions,
} from '../../../apps/agent/src/probe/callsProgram.ts';
import type { GoProgram } from '../../../apps/agent/src/probe/goSymbols.ts';

const ALL = [...(ROLES.docker ?? []), ...(ROLES.dockerd ?? [])];
const program = (functions: readonly string[], stackNeed?: number): GoProgram => ({
  arch: 'x64',
  modules: new Map(),
  functions: new Map(
    functions.map((name, n) => [
      name,
      { entry: 0x1000 + n, ...(stackNeed === undefined ? {} : { stackNeed }) },
    ]),
  ),
});
const build = (functions: readonly string[], arch: 'x64' | 'arm64' = 'x64', stackNeed?: number) =>
  buildCallsProgram([{ file: '/proc/1/fd/9', program: program(functions, stackNeed), fragments: ALL }], {
    version: [0, 17],
    arch,
  }).text;

const INVOKE = 'google.golang.org/grpc.(*ClientConn).Invoke';
const SEND = 'google.golang.org/grpc.(*csAttempt).sendMsg';
const DISPATCH = 'github.com/containerd/ttrpc.(*Client).dispatch';

describe('the daemons’ program', () => {
  it('probes the functions that are there at their addresses, and passes over the others', () => {
    const text = build([INVOKE]);
    expect(text.match(/uprobe:[^ ,]+/g)).toEqual(['uprobe:/proc/1/fd/9:0x1000']);
  });

  it('reads arguments and goroutine from the registers of the machine’s architecture', () => {
    expect(build([INVOKE])).toContain('reg("r14")');
    expect(build([INVOKE])).toContain('reg("di")');
    expect(build([INVOKE], 'arm64')).toContain('reg("r28")');
    expect(build([INVOKE], 'arm64')).toContain('reg("r3")');
    for (const arch of ['x64', 'arm64'] as const)
      expect(build(functionsOf(ALL), arch)).not.toMatch(/[^"\w][RG]\d?\b/);
  });

  it('passes over a beginning that the function itself will repeat, but not one that it may only have put off', () => {
    expect(build([INVOKE], 'x64', 24)).toContain(
      '$guard = *(uint64*)uptr(reg("r14") + 16); if ($guard >> 48 == 0 && (uint64)reg("sp") - 24 <= $guard) { return; }',
    );
    expect(build([INVOKE])).not.toContain('return;');
  });

  it('reads the payload where this version of grpc has it', () => {
    const slices = 'google.golang.org/grpc/mem.BufferSlice.Len';
    expect(build([SEND])).toContain('$p = (uint64)reg("r9"); $l = (uint64)reg("r10");');
    expect(build([SEND, slices])).toContain('*(uint64*)uptr(reg("r9") + 8)');
    expect(build([SEND, slices]).match(/uprobe:/g)).toHaveLength(1);
  });

  it('reads a ttrpc request as this version of protobuf lays it out', () => {
    expect(build([DISPATCH])).toContain('$r + 32)');
    expect(build([DISPATCH, 'github.com/containerd/ttrpc.(*Request).ProtoReflect'])).toContain('$r + 72)');
  });

  it('passes over what a kubelet asks all the time, by its length and its last sixteen bytes', () => {
    const { text } = buildCallsProgram(
      [{ file: '/kubelet', program: program([INVOKE]), fragments: [kubeletFragment] }],
      { version: [0, 17], arch: 'x64' },
    );
    const method = '/runtime.v1.RuntimeService/ListPodSandbox';
    const number = (part: string) => `0x${Buffer.from(part).readBigUInt64LE().toString(16)}`;
    expect(text).toContain(
      `$o == ${method.length} && $e == ${number('dSandbox')} && $d == ${number('e/ListPo')}`,
    );
    expect(build([INVOKE])).not.toContain(number('dSandbox'));
  });

  it('attaches one text to all programs that it serves', () => {
    const target = { program: program([INVOKE]), fragments: ALL };
    const { text } = buildCallsProgram(
      [
        { ...target, file: '/a' },
        { ...target, file: '/b' },
      ],
      { version: [0, 17], arch: 'x64' },
    );
    expect(text).toContain('uprobe:/a:0x1000,\nuprobe:/b:0x1000 {');
  });

  it('knows what is missing of a kind in a program', () => {
    expect(missingFunctions(program([INVOKE]), ttrpcFragment)).toEqual([DISPATCH]);
    expect(missingFunctions(program([DISPATCH]), ttrpcFragment)).toEqual([]);
  });
});

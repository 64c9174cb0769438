import {
  type CallFragment,
  printEnter,
  printExit,
  printName,
  printPayload,
  printShortGoString,
} from '../../probe/calls.ts';

const GRPC = 'google.golang.org/grpc';
const TTRPC = 'github.com/containerd/ttrpc';

const invoke = (pointer: string, length: string, object: string, kindOfCall: 1 | 2, passOver: string) =>
  `$g = (uint64)G; $m = (uint64)${pointer}; $o = (uint64)${length}; ${passOver}
  @g[pid, $g] = (uint64)${kindOfCall}; ${printName('$m', '$o', 0)} ${printEnter('grpc-client', object)}`;

/** What a kubelet asks every second or ten, of all that there is. */
const CRI = '/runtime.v1.RuntimeService';
export const POLLED = [
  ...['ListPodSandbox', 'ListContainers', 'Version', 'Status'].map((method) => `${CRI}/${method}`),
  ...['ContainerStats', 'ListContainerStats', 'PodSandboxStats', 'ListPodSandboxStats'].map(
    (method) => `${CRI}/${method}`,
  ),
  ...['ListImages', 'ImageFsInfo'].map((method) => `/runtime.v1.ImageService/${method}`),
  '/grpc.health.v1.Health/Check',
];

/** Leaves the probe when the method of `$o` bytes at `$m` is one of these: by its length and its last sixteen bytes, as two numbers. */
export function passOver(methods: readonly string[], marks: string): string {
  const number = (text: string) => `0x${Buffer.from(text, 'latin1').readBigUInt64LE().toString(16)}`;
  const conditions = methods.map((method) => {
    const [last, before] = [method.slice(-8), method.slice(-16, -8)];
    return `if ($o == ${method.length} && $e == ${number(last)} && $d == ${number(before)}) { delete(@${marks}[pid, $g]); return; }`;
  });
  return `$e = *(uint64*)uptr($m + $o - 8); $d = *(uint64*)uptr($m + $o - 16); ${conditions.join(' ')}`;
}

const sendMessage = `${GRPC}.(*csAttempt).sendMsg`;
const ifOpen = (body: string) => `$g = (uint64)G; $k = (uint64)@g[pid, $g]; if ($k != 0) { ${body} }`;

// io.EOF is how a stream ends well: an error whose text, a Go string, has three bytes. Read as a number it is "EOF".
const unlessEof = (then: string) =>
  `if (*(uint64*)uptr(R2 + 8) == 3 && (*(uint32*)uptr(*(uint64*)uptr(R2)) & 0xffffff) == 0x464f45) { ${then} }`;

/**
 * gRPC calls that a program makes, dockerd's and ctr's to containerd, kubelet's to the CRI runtime. `@g` holds the goroutines
 * that make one: 1 unary, 2 a stream, whose end may come on another goroutine, so `@cs` keeps whose the stream is.
 */
export const grpcFragment = grpcCalls('');

/** The same for a kubelet, without what it asks all the time: it would drown the rest. */
export const kubeletFragment = grpcCalls(passOver(POLLED, 'g'));

function grpcCalls(passed: string): CallFragment {
  return {
    kind: 'grpc-client',
    needed: [`${GRPC}.(*ClientConn).Invoke`],
    probes: [
      { function: `${GRPC}.(*ClientConn).Invoke`, text: invoke('R3', 'R4', '(uint64)R8', 1, passed) },
      { function: `${GRPC}.(*ClientConn).NewStream`, text: invoke('R4', 'R5', '(uint64)R2', 2, passed) },
      {
        function: sendMessage,
        without: `${GRPC}/mem.BufferSlice.Len`,
        text: ifOpen(`$p = (uint64)R6; $l = (uint64)R7; ${printPayload('grpc-client', '$k == 1')}`),
      },
      {
        // From 1.66: a slice of interfaces. What the first one holds begins with pointer and length when it is a plain slice of
        // bytes; a pooled buffer has a pointer before them.
        function: sendMessage,
        with: `${GRPC}/mem.BufferSlice.Len`,
        text: ifOpen(`$l = (uint64)0; $p = (uint64)0; if (R7 > 0) {
    $b = *(uint64*)uptr(R6 + 8); $p = *(uint64*)uptr($b); $l = *(uint64*)uptr($b + 8);
    if ($l > 0x100000000) { $p = $l; $l = *(uint64*)uptr($b + 16); } }
    if ($p != 0) { ${printPayload('grpc-client', '$k == 1')} }`),
      },
      {
        function: `${GRPC}.(*clientStream).SendMsg`,
        text: ifOpen('if ($k == 2) { @cs[pid, (uint64)R0] = $g; }'),
      },
      {
        function: `${GRPC}.(*clientStream).finish`,
        text: `$g = (uint64)@cs[pid, (uint64)R0]; if ($g == 0) { $g = (uint64)G; } $f = (uint64)0; if (R1 != 0) { $f = (uint64)1; ${unlessEof('$f = (uint64)0;')} }
  if (@g[pid, $g]) { ${printExit('grpc-client', '$f')} delete(@g[pid, $g]); delete(@cs[pid, (uint64)R0]); }`,
      },
    ],
  };
}

// Request of ttrpc: gogo's layout, and that of protobuf-go, which begins with its own state.
const dispatch = (service: number, method: number, payload: number) =>
  `$g = (uint64)G; $r = (uint64)R3; @t[pid, $g] = (uint64)1;
  ${printShortGoString(`$r + ${service}`, 0)} ${printShortGoString(`$r + ${method}`, 1)} ${printEnter('ttrpc-client', '$r')}
  $p = *(uint64*)uptr($r + ${payload}); $l = *(uint64*)uptr($r + ${payload + 8}); ${printPayload('ttrpc-client', '1 == 1')}`;
const ttrpcEnd = (failed: 0 | 1) =>
  `$g = (uint64)G; if (@t[pid, $g]) { ${printExit('ttrpc-client', `(uint64)${failed}`)} delete(@t[pid, $g]); }`;

/** ttrpc calls, containerd's to its shims. `@t` holds the goroutines that make one. */
export const ttrpcFragment: CallFragment = {
  kind: 'ttrpc-client',
  needed: [`${TTRPC}.(*Client).dispatch`],
  probes: [
    {
      function: `${TTRPC}.(*Client).dispatch`,
      without: `${TTRPC}.(*Request).ProtoReflect`,
      text: dispatch(0, 16, 32),
    },
    {
      function: `${TTRPC}.(*Client).dispatch`,
      with: `${TTRPC}.(*Request).ProtoReflect`,
      text: dispatch(40, 56, 72),
    },
    { function: `${TTRPC}.codec.Unmarshal`, text: ttrpcEnd(0) },
    { function: `${GRPC}/status.ErrorProto`, text: ttrpcEnd(1) },
    // The shim has gone away without an answer, as it does after Shutdown.
    { function: `${TTRPC}.(*Client).error`, text: ttrpcEnd(1) },
  ],
};

import {
  type CallFragment,
  printAnswer,
  printEnter,
  printExit,
  printName,
  printPayload,
} from '../../probe/calls.ts';
import { POLLED, passOver } from './fragment.ts';

const GRPC = 'google.golang.org/grpc';
const KIND = 'grpc-server';
const ifOpen = (body: string) => `$g = (uint64)G; if (@gs[pid, $g]) { ${body} }`;

// transport.Stream has the method as a Go string, each version of grpc at a place of its own; newer ones have the stream behind
// a pointer. No other of its fields begins with these eight bytes, and other services than the CRI's don't either.
const RUNTIME = `0x${Buffer.from('/runtime').readBigUInt64LE().toString(16)}`;
const search = (stream: string) => `$i = (uint64)0;
  while ($i < 32) {
    $p = *(uint64*)uptr(${stream} + $i * 8); $i = $i + 1;
    if ($m == 0 && $p > 4096 && *(uint64*)uptr($p) == ${RUNTIME}) { $m = $p; $o = *(uint64*)uptr(${stream} + $i * 8); }
  }`;

// status.Status holds a message that versions of protobuf lay out each in its own way, its code at the beginning, behind a word or
// behind five. Of one that says OK all of these are zero or an address.
const code = (at: number) => `$v = *(uint64*)uptr($q + ${at}); if ($v > 0 && $v < 4096) { $f = (uint64)1; }`;

// What was made has an id of 64 characters, which is the answer’s first field: its place depends on protobuf, as above.
const madeBy = (answer: string) =>
  [0, 8, 40]
    .map((at) => {
      const string = `(uint64)${answer} + ${at}`;
      return `if ($m == 0 && *(uint64*)uptr(${string} + 8) == 64) { $m = *(uint64*)uptr(${string}); }`;
    })
    .join(' ');

/**
 * What a container runtime is asked by the CRI: a kubelet's calls, crictl's and those of any other client, where they are
 * served. `@gs` holds the goroutines that serve one: 1 asked, 2 its message was read.
 */
export const criFragment: CallFragment = {
  kind: KIND,
  needed: [`${GRPC}.(*Server).handleStream`],
  probes: [
    {
      function: `${GRPC}.(*Server).handleStream`,
      text: `$g = (uint64)G; $r = (uint64)R3; $m = (uint64)0; $o = (uint64)0; ${search('$r')}
  $q = *(uint64*)uptr($r); if ($m == 0) { ${search('$q')} }
  if ($m != 0 && $o < 128) { ${passOver(POLLED, 'gs')}
  @gs[pid, $g] = (uint64)1; ${printName('$m', '$o', 0)} ${printEnter(KIND, '$r')} }`,
    },
    {
      function: `${GRPC}/encoding/proto.codec.Unmarshal`,
      text: ifOpen(
        `if (@gs[pid, $g] == 1) { @gs[pid, $g] = (uint64)2; $p = (uint64)R0; $l = (uint64)R1; ${printPayload(KIND, '1 == 1')} }`,
      ),
    },
    {
      // The answer is the fifth argument, from grpc 1.58 behind a context.
      function: `${GRPC}.(*Server).sendResponse`,
      text: ifOpen(`$m = (uint64)0; ${madeBy('R5')} ${madeBy('R7')}
  if ($m != 0) { ${printName('$m', '64', 0)} ${printAnswer(KIND, '(uint64)0')} }`),
    },
    {
      function: `${GRPC}/internal/transport.(*http2Server).WriteStatus`,
      orElse: [`${GRPC}/internal/transport.(*http2Server).writeStatus`],
      text: ifOpen(
        `$f = (uint64)0; $q = *(uint64*)uptr(R2); ${[0, 8, 40].map(code).join(' ')} ${printExit(KIND, '$f')} delete(@gs[pid, $g]);`,
      ),
    },
  ],
};

import {
  type CallFragment,
  printAnswer,
  printEnter,
  printExit,
  printGoString,
  printShortGoString,
} from '../../probe/calls.ts';

// net/http.Request: Method, then URL *url.URL. url.URL: Path at 56; RawQuery at 96, before and after OmitHost (Go 1.19).
/** Prints method, path and query of the *http.Request `$r`. Uses `$u`, `$p`, `$l`, `$i`. */
export const printRequest = `$u = *(uint64*)uptr($r + 16);
  ${printShortGoString('$r', 0)} ${printGoString('$u + 56', 1)} ${printGoString('$u + 96', 2)}`;

const KIND = 'http-client';
const HIJACK = 'github.com/docker/docker/client.(*Client).setupHijackConn';
// Versions hand the request over as the first argument, behind a context, or behind a function: it is the one whose method is
// POST, read as a number.
const isPost = (request: string) => `*(uint32*)uptr(*(uint64*)uptr(${request})) == 0x54534f50`;
const hijack = `$g = (uint64)G; $r = (uint64)0;
  if (${isPost('R3')}) { $r = (uint64)R3; } if (${isPost('R1')}) { $r = (uint64)R1; }
  if ($r != 0) { @hc[pid, $g] = (uint64)1; ${printRequest} ${printEnter(KIND, '$r')} }`;
const isStatus = (expression: string) => `${expression} >= 100 && ${expression} <= 599`;

/**
 * What a Docker client asks of its engine. A request ends when the client looks at the answer's status: as a field of its
 * own among the arguments in older clients, in the *http.Response of newer ones (StatusCode at 16).
 */
export const clientFragment: CallFragment = {
  kind: KIND,
  needed: ['net/http.(*Transport).roundTrip'],
  probes: [
    {
      function: 'net/http.(*Transport).roundTrip',
      text: `$g = (uint64)G; $r = (uint64)R1; @hc[pid, $g] = (uint64)1; ${printRequest} ${printEnter(KIND, '$r')}`,
    },
    // Attach and exec take the connection over and go past the transport.
    {
      function: HIJACK,
      orElse: [
        'github.com/docker/docker/client.setupHijackConn',
        'github.com/moby/moby/client.setupHijackConn',
      ],
      text: hijack,
    },
    {
      function: 'github.com/docker/docker/client.(*Client).checkResponseErr',
      orElse: ['github.com/moby/moby/client.checkResponseErr'],
      text: `$g = (uint64)G; if (@hc[pid, $g]) {
    $s = (uint64)R4; $v = *(uint64*)uptr(R1 + 16); if (${isStatus('$v')}) { $s = $v; }
    $v = *(uint64*)uptr(R0 + 16); if (${isStatus('$v')}) { $s = $v; }
    if (${isStatus('$s')}) { ${printAnswer(KIND, '$s')} }
    ${printExit(KIND, '0')} delete(@hc[pid, $g]); }`,
    },
    {
      function: 'net/http.urlErrorOp',
      text: `$g = (uint64)G; if (@hc[pid, $g]) { ${printExit(KIND, '1')} delete(@hc[pid, $g]); }`,
    },
  ],
};

import { type CallFragment, printAnswer, printEnter, printExit, printStep } from '../../probe/calls.ts';
import { printRequest } from '../1-client/fragment.ts';

const KIND = 'http-server';
const end = `${printExit(KIND, '2')} delete(@hs[pid, $g]);`;

/**
 * What an engine is asked over HTTP and what it answers. `@hs` holds the goroutines that serve a request: 1 asked, 2
 * answered or its connection taken over.
 */
export const engineFragment: CallFragment = {
  kind: KIND,
  needed: ['net/http.serverHandler.ServeHTTP'],
  probes: [
    {
      function: 'net/http.serverHandler.ServeHTTP',
      text: `$g = (uint64)G; $r = (uint64)R3; @hs[pid, $g] = (uint64)1; ${printRequest} ${printEnter(KIND, '$r')}`,
    },
    {
      // What is below 200 says that an answer is still to come.
      function: 'net/http.(*response).WriteHeader',
      text: `$g = (uint64)G; $s = (uint64)R1; if (@hs[pid, $g] == 1 && $s >= 200) { @hs[pid, $g] = (uint64)2; ${printAnswer(KIND, '$s')} }`,
    },
    {
      // Attach and exec: from here on the handler itself speaks on the connection.
      function: 'net/http.(*response).Hijack',
      text: `$g = (uint64)G; if (@hs[pid, $g] == 1) { @hs[pid, $g] = (uint64)2; ${printAnswer(KIND, '(uint64)0')} }`,
    },
    {
      // A handler that has written nothing has answered 200: finishRequest itself says so to the client.
      function: 'net/http.(*response).finishRequest',
      text: `$g = (uint64)G; if (@hs[pid, $g]) { if (@hs[pid, $g] == 1) { ${printAnswer(KIND, '(uint64)200')} } ${end} }`,
    },
    {
      // The classic builder, within POST /build: dispatchRequest takes six registers, then comes instructions.Command, an
      // interface on a struct that begins with the instruction as it is written in the Dockerfile.
      function: 'github.com/docker/docker/builder/dockerfile.dispatch',
      text: `$g = (uint64)G; if (@hs[pid, $g]) { ${printStep(KIND, '(uint64)R7')} }`,
    },
    {
      // The same for FROM: a pointer to instructions.Stage, whose line lies behind Name, Commands and BaseName.
      function: 'github.com/docker/docker/builder/dockerfile.initializeStage',
      text: `$g = (uint64)G; if (@hs[pid, $g]) { ${printStep(KIND, '((uint64)R6 + 56)')} }`,
    },
    {
      // Deferred to the connection's end, which is the end of a request that took it over.
      function: 'net/http.(*conn).serve.func1',
      text: `$g = (uint64)G; if (@hs[pid, $g]) { ${end} }`,
    },
  ],
};

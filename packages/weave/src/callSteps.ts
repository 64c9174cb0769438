import type { Layer } from '@underdock/trace';
import { criData, criStep } from './criPods.ts';
import type { CallRecord } from './record.ts';
import { isCri } from './sort/criServed.ts';
import { decodePayload, methodParts, type Said } from './sort/payload.ts';
import { readsOnly, toldQuery } from './sort/requestPath.ts';

/** A call as its `begin` tells it. */
export interface ToldCall {
  step: string;
  layer: Layer;
  /** Name of the program that is asked; undefined where that is the one that was probed. */
  asked: string | undefined;
  said: Said;
  data: Record<string, unknown>;
}

const STEPS: Readonly<Record<string, string>> = {
  'containerd.services.containers.v1.Containers/Create': 'high-level/create-container',
  'containerd.services.tasks.v1.Tasks/Create': 'high-level/create-task',
  'containerd.services.tasks.v1.Tasks/Start': 'high-level/start-task',
  'containerd.services.tasks.v1.Tasks/Delete': 'high-level/delete-task',
};
const SHIM_QUERIES = new Set(['State', 'Pids', 'Connect', 'Wait', 'Stats']);

/** What a call is told as, by its protocol and method. */
export function tellCall(enter: CallRecord): ToldCall {
  const { protocol, side, method = '', path, query } = enter;
  if (protocol === 'http') {
    const client = side === 'client';
    const step = client ? 'client/request' : readsOnly(method) ? 'engine/query' : 'engine/request';
    const told = toldQuery(query);
    const data = { protocol, method, path, ...(told ? { query: told } : {}) };
    return { step, layer: client ? 'client' : 'engine', asked: undefined, said: { request: {} }, data };
  }
  const { payload } = enter;
  const said = payload ? decodePayload(method, payload.bytes) : { request: {} };
  const data = {
    protocol,
    method: method.replace(/^\//, ''),
    ...(said.container ? { id: said.container } : {}),
    request: said.request,
    ...(payload ? { payloadBytes: payload.length } : {}),
    ...(payload && payload.bytes.length < payload.length ? { cut: true } : {}),
  };
  if (isCri(method))
    return { ...criStep(enter), asked: undefined, said, data: { ...data, ...criData(said) } };
  return { ...stepOf(protocol, method), layer: 'high-level', said, data };
}

function stepOf(protocol: CallRecord['protocol'], method: string): Pick<ToldCall, 'step' | 'asked'> {
  const { service, verb } = methodParts(method);
  if (protocol === 'ttrpc') {
    const step = SHIM_QUERIES.has(verb) ? 'high-level/shim-query' : 'high-level/shim-request';
    return { step, asked: 'containerd-shim' };
  }
  return { step: STEPS[`${service}/${verb}`] ?? 'high-level/call', asked: serverOf(service) };
}

function serverOf(service: string): string {
  if (service.startsWith('moby.')) return 'buildkitd';
  return 'containerd';
}

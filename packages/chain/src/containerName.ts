import type { TraceEvent } from '@underdock/trace';
import { callOf } from './actors.ts';
import type { ContainerPicture } from './container.ts';
import { object, text } from './fields.ts';
import type { ChainState } from './state.ts';

const START = /^(?:\/v[\d.]+)?\/containers\/([^/]+)\/(?:start|restart)$/;
const CREATE = /^(?:\/v[\d.]+)?\/containers\/create$/;
const ID = /^[0-9a-f]{12,64}$/;

/** The picture with its name and its service, where an event tells them: a request by name, or the engine’s own words. */
export function named(state: ChainState, picture: ContainerPicture, event: TraceEvent): ContainerPicture {
  // Events of networks and volumes carry the name of these.
  const told = event.step === 'engine/event' && text(event.data, 'topic')?.startsWith('container ');
  const attributes = told ? object(event.data, 'attributes') : undefined;
  if (attributes) {
    const name = text(attributes, 'name') ?? picture.name;
    const service = text(attributes, 'com.docker.compose.service') ?? picture.service;
    return name === picture.name && service === picture.service ? picture : { ...picture, name, service };
  }
  if (picture.name !== undefined || event.type !== 'begin') return picture;
  const name = nameIn(state, event);
  return name === undefined ? picture : { ...picture, name };
}

function nameIn(state: ChainState, event: TraceEvent): string | undefined {
  const path = text(event.data, 'path') ?? '';
  // The first container of a trace is the one that its first request asks for by name.
  if (event.step === 'engine/request' && CREATE.test(path) && state.container === '') {
    return new URLSearchParams(text(event.data, 'query') ?? '').get('name') ?? undefined;
  }
  if (event.container === undefined) return undefined;
  for (const span of event.cause ?? []) {
    const asked = text(callOf(state, span)?.data ?? {}, 'path')?.match(START)?.[1];
    if (asked !== undefined && !ID.test(asked)) return decoded(asked);
  }
  return undefined;
}

/** What is no right escape stays as it is: a trace may say anything. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

import { z } from 'zod';
import { eventSchema } from './event.ts';
import { guideSchema } from './guide.ts';
import { FORMAT_VERSION, headerSchema } from './header.ts';

/**
 * The JSON Schema (draft 2020-12) of one line of a trace, made from the shapes that this code reads by: a header, or an event.
 * It says nothing of what lines have to do with one another; `verifyTrace` does.
 */
export function traceJsonSchema(): Record<string, unknown> {
  const header = withoutDialect(headerSchema);
  const event = withoutDialect(eventSchema);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:underdock:trace:${FORMAT_VERSION}`,
    title: 'One line of an underdock trace',
    description: 'The first line of a file is a header, each other line is an event.',
    anyOf: [{ $ref: '#/$defs/header' }, { $ref: '#/$defs/event' }],
    $defs: { header, event },
  };
}

/** The JSON Schema (draft 2020-12) of a guide, the file beside a trace that says how to tell it. */
export function guideJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(guideSchema, { io: 'input' }),
    $id: 'urn:underdock:guide:1',
    title: 'How somebody tells an underdock trace',
  };
}

/** Fields that are not known here may be there: a newer writer of the same version adds some. */
function withoutDialect(schema: z.ZodType): unknown {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

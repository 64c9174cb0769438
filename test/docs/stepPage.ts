import { storyOf } from '@underdock/story';
import { LAYERS, STEPS, type StepDescription } from '@underdock/trace';

const KINDS = {
  act: 'act',
  moment: 'moment',
  fact: 'fact',
} as const satisfies Record<StepDescription['kind'], string>;

/** The page of all steps: for each what it means, its data, and where to read on. Made from the code; a test holds it to that. */
export function stepPage(): string {
  const steps = Object.entries<StepDescription>(STEPS);
  const parts = [...LAYERS, 'trace'].flatMap((layer) => [
    `## ${layer === 'trace' ? 'What a trace says about itself' : layer}`,
    '',
    ...steps.filter(([name]) => name.startsWith(`${layer}/`)).flatMap(([name, step]) => section(name, step)),
  ]);
  return `${[HEAD, ...parts].join('\n').trimEnd()}\n`;
}

const HEAD = `# The steps of a trace

Made from \`packages/trace/src/steps.ts\` and the texts of \`packages/story\`; \`vitest -u test/docs\` writes it anew. The format
itself is told in [trace-format.md](trace-format.md).

An *act* has a \`begin\` and an \`end\`, and may have \`progress\`; a *moment* is one \`log\`; a *fact* is a thing that now exists, or is
gone. The level is the detail at which a reader shows a step: \`story\`, \`calls\`, \`syscalls\`. \`?\` = may be absent, \`[]\` = a list,
\`{}\` = an object. Any event may carry \`error\`, \`message\` and \`remedy\` when it failed, \`uncertaintyMs\` when its instant was converted
from wall time, and \`open\` on an \`end\` that only the closing of the trace wrote.
`;

function section(name: string, { kind, level, data }: StepDescription): string[] {
  const story = storyOf(name);
  const see = (story?.see ?? []).map(({ title, href }) => `[${title}](${href})`);
  return [
    `### \`${name}\``,
    '',
    ...(story ? [`${story.title}. ${plain(story.why)}`, ''] : []),
    `- ${KINDS[kind]}, level \`${level}\``,
    `- data: ${plain(data)}`,
    ...(see.length > 0 ? [`- see ${see.join(', ')}`] : []),
    '',
  ];
}

/** Text that Markdown takes for text. */
function plain(text: string): string {
  return text.replace(/[[\]<>*_|]/g, (one) => `\\${one}`);
}

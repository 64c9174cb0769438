import { otlpOf } from '@underdock/chain/exports/otlp';
import { perfettoOf } from '@underdock/chain/exports/perfetto';
import { carriedContainers, exportTo, type Platform, portableOf } from '@underdock/chain/portable';
import { encodeLine, type Guide } from '@underdock/trace';
import { AgentError } from '../error.ts';
import { chosenContainers } from './explainCommand.ts';
import { pageWith } from './pageFile.ts';
import { type PictureOptions, pictureOf } from './pictureFile.ts';
import type { ReadTrace } from './readTrace.ts';
import { storyText } from './storyText.ts';

/** What became of a trace. */
export interface Made {
  files: readonly { name: string; text: string; executable?: true }[];
  /** How it is used, as one would type it. */
  use: string;
  /** What has to be put in before. */
  fill: readonly string[];
}

/** Something that a trace can be made into: `make` throws AgentError where it can’t. */
export interface ExportFormat {
  says: string;
  /** It is made to be given away: names of people and places are replaced first. What is to be run needs its names. */
  shares?: true;
  /** It can be told by a guide. */
  guided?: true;
  make(trace: ReadTrace & { told?: Guide }, options: PictureOptions): Made;
}

/** All that `underdock export` can make, by the word for `--to`. */
export const FORMATS: Readonly<Record<string, ExportFormat>> = {
  docker: platform('docker', 'a docker run command'),
  compose: platform('compose', 'compose.yaml'),
  pod: platform('pod', 'a Pod for Kubernetes'),
  aca: platform('aca', 'an app for Azure Container Apps'),
  bundle: platform('bundle', 'an OCI bundle, as a folder'),
  chain: {
    shares: true,
    says: 'the trace itself, without names of people and places',
    make: ({ header, events }) => ({
      files: [{ name: `${header.id}.chain`, text: [header, ...events].map(encodeLine).join('') }],
      use: 'drop it on the page, or underdock verify FILE',
      fill: [],
    }),
  },
  perfetto: {
    shares: true,
    says: 'a trace for Perfetto',
    make: ({ header, events }) => ({
      files: [{ name: `${header.id}.perfetto.json`, text: json(perfettoOf(header, events)) }],
      use: 'open it at ui.perfetto.dev, which reads it in the browser',
      fill: [],
    }),
  },
  otlp: {
    shares: true,
    says: 'spans for Jaeger and OpenTelemetry’s collector',
    make: ({ header, events }) => ({
      files: [{ name: `${header.id}.otlp.json`, text: json(otlpOf(header, events)) }],
      use: 'curl -H "Content-Type: application/json" --data-binary @FILE http://127.0.0.1:4318/v1/traces',
      fill: [],
    }),
  },
  html: {
    shares: true,
    guided: true,
    says: 'one page that plays it, with nothing beside it',
    make: ({ header, events, told }) => ({
      files: [{ name: `${header.id}.html`, text: pageWith(header, events, told) }],
      use: 'open it in a browser: it needs no server and sends nothing anywhere',
      fill: [],
    }),
  },
  svg: {
    shares: true,
    says: 'the picture of one moment, for slides',
    make: ({ header, events }, options) => ({
      files: [{ name: `${header.id}.svg`, text: pictureOf(header, events, options) }],
      use: 'put it on a slide, or open it in a browser',
      fill: [],
    }),
  },
  text: {
    shares: true,
    guided: true,
    says: 'the story in words',
    make: ({ header, events, told }) => ({
      files: [{ name: `${header.id}.txt`, text: storyText(header, events, told) }],
      use: 'read it',
      fill: [],
    }),
  },
};

function json(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

function platform(name: Platform, says: string): ExportFormat {
  return {
    says,
    make({ header, events }, { container }) {
      const exported = exportTo(name, portableOf(header, events, onlyContainer(events, container)));
      if (exported.files.length > 0) return exported;
      const why = exported.lost.map((one) => `${one.what}: ${one.why}`).join('; ');
      throw new AgentError('not-exported', `the trace does not tell enough for --to ${name}: ${why}`, {
        remedy: 'record a run as root, with bpftrace, on a road where the image is named',
        exitCode: 1,
      });
    },
  };
}

function onlyContainer(events: ReadTrace['events'], wanted: string | undefined): string {
  const [first = '', ...others] = chosenContainers(carriedContainers(events), wanted);
  if (others.length === 0) return first;
  throw new AgentError(
    'which-container',
    'the trace holds several containers: say which one with --container',
    {
      remedy: `it has: ${[first, ...others].map((id) => id.slice(0, 12)).join(', ')}`,
      exitCode: 1,
    },
  );
}

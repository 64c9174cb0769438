import { distributionSpec, imageSpec, kernelDoc, runtimeSpec, type StoryTable } from './shape.ts';

/** The high-level runtime: from the image's name to a bundle that a low-level runtime can run. */
export const HIGH_LEVEL: StoryTable = {
  'high-level/resolve-image': {
    title: 'Which image is it',
    does: [
      '{actor} asks {registry} which image {repository}[:{tag}] is[: {digest|short}]',
      '{actor} looks up the image {reference}',
      '{actor} looks up the image',
    ],
    answers: ['{repository}[:{tag}] is the image {digest|short}[ for {platform}]', 'The image is found'],
    failed: [
      'The image {reference} can’t be looked up: {message|gist}',
      'The image can’t be looked up: {message|gist}',
      'The image can’t be looked up: {error}',
    ],
    why: 'A name such as nginx:latest can mean another image tomorrow. The registry answers with a digest, the fingerprint of the content, and from now on only the digest counts.',
    tryIt: ['{typed}'],
    see: [
      distributionSpec('pulling-manifests', 'pulling manifests'),
      imageSpec('descriptor.md#digests', 'digests'),
    ],
    terms: ['image', 'registry', 'digest', 'tag'],
  },
  'high-level/fetch-manifest': {
    title: 'The table of contents',
    does: [
      '{actor} fetches the manifest of {tag}',
      '{actor} fetches the manifest {digest|short}',
      '{actor} fetches the manifest',
    ],
    answers: [
      'The manifest {digest|short} lists {layers|count} layers',
      'The manifest {digest|short} is here[, {bytes|bytes}]',
      'The manifest is here',
    ],
    failed: ['The manifest can’t be fetched: {message|gist}', 'The manifest can’t be fetched: {error}'],
    why: 'A manifest is the table of contents of an image: its configuration and its layers, each with digest and size. An image for several kinds of processors has an index of manifests first.',
    see: [imageSpec('manifest.md', 'manifest'), imageSpec('image-index.md', 'index')],
    terms: ['manifest', 'digest', 'layer'],
  },
  'high-level/fetch-config': {
    title: 'The image’s configuration',
    does: ['{actor} fetches the image’s configuration[ {digest|short}]'],
    answers: ['The image’s configuration is here[, {bytes|bytes}]'],
    failed: [
      'The image’s configuration can’t be fetched: {message|gist}',
      'The image’s configuration can’t be fetched: {error}',
    ],
    why: 'The configuration says which command an image starts, with which environment, user and folder, and how each of its layers was made.',
    see: [imageSpec('config.md', 'configuration')],
    terms: ['image'],
  },
  'high-level/fetch-layer': {
    title: 'Fetch a layer',
    does: [
      '{actor} needs layer {index|nth}, {totalBytes|bytes}',
      '{actor} needs layer {index|nth}',
      '{actor} needs a layer',
    ],
    answers: [
      '?cached Layer {index|nth} is on this host already[, {bytes|bytes}]',
      'Layer {index|nth} is here, {bytes|bytes}[ after {attempts|tries}]',
      'A layer is here',
    ],
    failed: ['Layer {index|nth} can’t be fetched: {message|gist}', 'A layer can’t be fetched: {error}'],
    why: 'A layer is a tar archive of files, mostly compressed. Layers are fetched side by side, and a layer that is on this host already is not fetched again: images that share layers share the bytes.',
    see: [distributionSpec('pulling-blobs', 'pulling blobs'), imageSpec('layer.md', 'layers')],
    terms: ['layer', 'registry'],
  },
  'high-level/verify-layer': {
    title: 'Verify a layer',
    does: [
      '{actor} checks that layer {index|nth} is what its digest promises',
      '{actor} checks a layer against its digest',
    ],
    answers: ['Layer {index|nth} is genuine: {digest|short}', 'The layer is genuine'],
    failed: [
      'Layer {index|nth} is not what its digest promises: {message|gist}',
      'The layer is not what its digest promises: {error}',
    ],
    why: 'The bytes are hashed while they stream in. The digest proves the compressed bytes, the diff id the unpacked ones. One changed bit, by a broken disk or by an attacker, and nothing of the layer is used.',
    see: [imageSpec('config.md#layer-diffid', 'diff id'), imageSpec('descriptor.md#digests', 'digests')],
    terms: ['digest', 'diffId'],
  },
  'high-level/unpack-layer': {
    title: 'Unpack a layer',
    does: ['{actor} unpacks layer {index|nth}[: {entries} entries]', '{actor} unpacks a layer'],
    answers: [
      'Layer {index|nth} is unpacked: {entries} entries[, {bytes|bytes}][, {whiteouts|whiteouts}]',
      'A layer is unpacked',
    ],
    failed: ['Layer {index|nth} can’t be unpacked: {message|gist}', 'A layer can’t be unpacked: {error}'],
    why: 'Each layer says what changes over the layers below: files that are new or different, and whiteouts for files that are deleted. A hostile archive may try to write outside its folder by absolute paths or links; it is stopped.',
    tryIt: ['{typed}'],
    see: [imageSpec('layer.md', 'layers'), imageSpec('layer.md#whiteouts', 'whiteouts')],
    terms: ['layer', 'whiteout'],
  },
  'high-level/has-layer': {
    title: 'A layer on this host',
    does: [
      'Layer {index|nth} lies on this host: {digest|short}[, {bytes|bytes}]',
      'A layer lies on this host',
    ],
    many: ['{count} layers lie on this host'],
    why: 'Unpacked layers are kept, named by what they contain. The next image that has the same layer needs no download.',
    see: [imageSpec('layer.md', 'layers')],
    terms: ['layer', 'digest'],
  },
  'high-level/http-request': {
    title: 'A request to the registry',
    does: ['{actor} sends {method} {url}[ for {purpose}]', '{actor} sends a request to the registry'],
    answers: ['The registry answers {status}[, {bytes|bytes}]', 'The registry answers'],
    failed: ['The registry does not answer as it should: {message|gist}', 'The request fails: {error}'],
    why: 'Registries speak plain HTTP. A first request is often answered with 401 and the address where a token is to be had; the second one carries the token.',
    see: [distributionSpec('api', 'API')],
    terms: ['registry'],
  },
  'high-level/prepare-snapshot': {
    title: 'The root filesystem',
    does: [
      '{actor} puts {lower|layers} under one writable layer[ as an {kind} snapshot]',
      '{actor} prepares the root filesystem as {kind} snapshot',
      '{actor} prepares the root filesystem',
    ],
    answers: ['The root filesystem is ready[: {kind}][, because {why}]'],
    failed: [
      'The root filesystem can’t be prepared: {message|gist}',
      'The root filesystem can’t be prepared: {error}',
    ],
    why: 'An overlay shows several folders as one: the image’s layers below, read-only and shared by all containers, and one empty folder on top that takes every write. Where the kernel does not permit it, the files are copied.',
    tryIt: ['{typed}', 'findmnt {target}', 'ls {upper}'],
    see: [kernelDoc('filesystems/overlayfs.html', 'overlay filesystem')],
    terms: ['snapshot', 'overlay', 'layer'],
  },
  'high-level/has-snapshot': {
    title: 'The snapshot',
    does: ['The root filesystem stands at {target}', 'The root filesystem stands'],
    gone: ['The root filesystem at {target} is taken away', 'The root filesystem is taken away'],
    why: 'What you write in the container lands in the writable layer of the snapshot and goes away with it. That is why data that is to last belongs into a volume.',
    tryIt: ['findmnt {target}'],
    see: [kernelDoc('filesystems/overlayfs.html', 'overlay filesystem')],
    terms: ['snapshot'],
  },
  'high-level/write-config': {
    title: 'The order for the runtime',
    does: [
      '{actor} writes everything that the low-level runtime must know into {path|base}',
      '{actor} writes the runtime’s config.json',
    ],
    answers: [
      '{path|base} is complete: the order for the low-level runtime',
      'The runtime’s config.json is complete',
    ],
    failed: [
      'The runtime’s config.json can’t be written: {message|gist}',
      'The runtime’s config.json can’t be written: {error}',
    ],
    why: 'config.json is the border between high and low: command, environment, user, mounts, namespaces, limits, capabilities, system call filter. Each field comes from one of your flags, from the image, or from a default. With the root filesystem beside it, it is called a bundle.',
    tryIt: ['{typed}', 'cat {path}'],
    see: [runtimeSpec('config.md', 'config.json'), runtimeSpec('bundle.md', 'bundle')],
    terms: ['bundle', 'oci'],
  },
  'high-level/create-task': {
    title: 'Hand over to the runtime',
    does: [
      'containerd is asked to {method|deed}: {method|rpc}',
      '{actor} hands the bundle to {runtime|base}',
      '{actor} hands the bundle to the low-level runtime',
    ],
    answers: [
      'containerd answers {method|rpc}: the container is built, its process waits',
      'The low-level runtime has built the container; its process waits',
    ],
    failed: [
      'containerd answers {method|rpc} with an error: the container can’t be built',
      'The low-level runtime fails: {message|gist}',
      'The low-level runtime fails: {error}',
    ],
    why: 'containerd calls a container that has a process a task. Down here ends what images and registries are about: the low-level runtime knows only a folder and a config.json.',
    see: [runtimeSpec('runtime.md#create', 'create')],
    terms: ['bundle', 'task'],
  },
  'high-level/start-task': {
    title: 'Pass on the start',
    does: [
      'containerd is asked to {method|deed}: {method|rpc}',
      '{actor} passes the start on to the low-level runtime',
    ],
    answers: ['containerd answers {method|rpc}: the process runs', 'The process runs'],
    failed: ['The process can’t be started: {message|gist}', 'The process can’t be started: {error}'],
    why: 'The high-level part keeps the streams and waits for the exit; to start the process it calls the low-level runtime once more.',
    see: [runtimeSpec('runtime.md#start', 'start')],
    terms: ['task'],
  },
  'high-level/delete-task': {
    title: 'Take the process’s place away',
    does: [
      'containerd is asked to {method|deed}: {method|rpc}',
      '{actor} has the low-level runtime take the container apart',
    ],
    answers: [
      'containerd answers {method|rpc}: what the runtime had built is gone',
      'What the runtime had built is gone',
    ],
    failed: [
      'The container can’t be taken apart: {message|gist}',
      'The container can’t be taken apart: {error}',
    ],
    why: 'The process has ended; its cgroups and the runtime’s own notes have not gone by themselves.',
    see: [runtimeSpec('runtime.md#delete', 'delete')],
    terms: ['task', 'cgroup'],
  },
  'high-level/remove-snapshot': {
    title: 'Take the root filesystem away',
    does: ['{actor} takes the root filesystem away', 'The root filesystem is taken away'],
    failed: [
      'The root filesystem can’t be taken away: {message|gist}',
      'The root filesystem can’t be taken away: {error}',
    ],
    why: 'The writable layer and all that was written into it are deleted. The image’s layers stay.',
    tryIt: ['{typed}'],
    see: [kernelDoc('filesystems/overlayfs.html', 'overlay filesystem')],
    terms: ['snapshot'],
  },
};

export { actorKey, callOf, programName } from './actors.ts';
export { apiPath, callName, rpcMethod } from './callName.ts';
export { failureOf } from './calls.ts';
export { type Chapter, type ChapterKind, chaptersOf } from './chapters.ts';
export { compareLooks, compareTraces } from './compare/compare.ts';
export { onlyThere } from './compare/diff.ts';
export { type LookedThrough, lookAt } from './compare/side.ts';
export * from './compare/types.ts';
export * from './container.ts';
export { DISK_STEPS, type DiskLayer, type DiskStack, diskStackOf } from './diskStack.ts';
export { applyEvent, foldTo, initialState } from './fold.ts';
export { guided, notesOf } from './guided.ts';
export { type LaneMark, type TimeLane, type TimeLanes, timeLanes } from './lanes.ts';
export { isShown, levelOf } from './level.ts';
export { compareEvents, inOrder } from './order.ts';
export { PersistentList } from './persistentList.ts';
export { PersistentMap } from './persistentMap.ts';
export { podOf, sharedWithPod } from './pod.ts';
export * from './provenance.ts';
export {
  causesOf,
  containerOf,
  containersOf,
  containerTitle,
  type Gauge,
  gaugesOf,
  mountTree,
  recentCalls,
} from './query.ts';
export { fits, fitsMark, type Search, type Searched, searchOf } from './search.ts';
export * from './state.ts';
export { createTimeline } from './timeline.ts';
export * from './timelineTypes.ts';
export { layerTimes, type TimeSpent, WorkEdges } from './timeSpent.ts';
export { typedCommand } from './typed.ts';
export { TimeAxis, type Wait, waitsOf } from './waits.ts';

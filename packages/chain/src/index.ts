export * from './container.ts';
export { PersistentList } from './persistentList.ts';
export { PersistentMap } from './persistentMap.ts';
export * from './state.ts';
export * from './timelineTypes.ts';

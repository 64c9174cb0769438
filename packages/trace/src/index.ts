export { decodeTrace, encodeLine, MAX_LINE, type TraceItem } from './codec.ts';
export { TraceError, type TraceErrorCode } from './error.ts';
export * from './event.ts';
export * from './header.ts';
export * from './layer.ts';
export * from './messages.ts';
export { type DetailLevel, describeStep, STEPS, type StepDescription, type StepName } from './steps.ts';
export { type Upgrade, upgradesFrom } from './upgrade.ts';
export { type Fault, type Verdict, verifyTrace } from './verify.ts';

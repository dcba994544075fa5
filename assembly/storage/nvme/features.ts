// SET FEATURES and GET FEATURES (5.21, 5.9): each feature's value, what it is by default, and what of it can be changed. Nothing is saved over a power cycle.

import { vectorCount } from "../../pci/msix";
import { WARM } from "./identify";
import { BROADCAST, Capability, Feature, NAMESPACES, Select, Status } from "./spec";
import { hasCompletion, hasSubmission, IO_QUEUES, Nvme, QUEUES } from "./state";

/** "7: no limit" of commands in a burst. */
@inline const ARBITRATION: u32 = 7;
@inline const COUNT_MASK: u32 = 0xffff;
/** The last answer of GET FEATURES and SET FEATURES. */
const RESULT: usize = memory.data(4, 4);
export function featureResult(): u32 { return load<u32>(RESULT); }

function capabilities(feature: u32): u32 {
  switch (feature) {
    case Feature.ERROR_RECOVERY: return Capability.CHANGEABLE | Capability.OF_NAMESPACE;
    case Feature.TEMPERATURE: case Feature.WRITE_CACHE: case Feature.QUEUES: case Feature.EVENTS: return Capability.CHANGEABLE;
    default: return 0;
  }
}
@inline function isKnown(feature: u32): bool { return feature >= <u32>Feature.ARBITRATION && feature < <u32>Feature.END && feature != 3; }
@inline function isValid(namespace: u32): bool { return namespace == BROADCAST || (namespace >= 1 && namespace <= NAMESPACES); }

/** As after a reset of the controller. */
export function resetFeatures(n: Nvme, cached: bool): void {
  n.temperatureOver = WARM;
  n.cached = cached ? 1 : 0;
}

/** A Status; the value is featureResult(). */
export function getFeature(n: Nvme, namespace: u32, dw10: u32, dw11: u32): u32 {
  const feature = dw10 & 0xff, select = dw10 >> Select.SHIFT & Select.MASK;
  store<u32>(RESULT, 0);
  if (!isKnown(feature)) return Status.INVALID_FIELD;
  if (capabilities(feature) & Capability.OF_NAMESPACE) {
    if (!isValid(namespace) || namespace == BROADCAST) return Status.INVALID_NAMESPACE;
    if (namespace != 1) return Status.INVALID_FIELD;
  }
  if (select == Select.CAPABILITIES) { store<u32>(RESULT, capabilities(feature)); return Status.OK; }
  if (feature == <u32>Feature.VECTOR && (dw11 & COUNT_MASK) >= vectorCount(n.pci)) return Status.INVALID_FIELD;
  store<u32>(RESULT, select == Select.CURRENT ? valueOf(n, feature, dw11) : defaultOf(feature, dw11));
  return Status.OK;
}

/** Of another sensor than the composite one there is no threshold; bit 20 asks for the one below. */
@inline function isComposite(dw11: u32): bool { return (dw11 >> 16 & 15) == 0; }
@inline function isUnder(dw11: u32): bool { return (dw11 >> 20 & 3) == 1; }

function valueOf(n: Nvme, feature: u32, dw11: u32): u32 {
  switch (feature) {
    case Feature.TEMPERATURE: return isComposite(dw11) ? (isUnder(dw11) ? n.temperatureUnder : n.temperatureOver) : 0;
    case Feature.ERROR_RECOVERY: return n.errorRecovery;
    case Feature.WRITE_CACHE: return n.cached;
    case Feature.EVENTS: return n.eventsWanted;
    default: return defaultOf(feature, dw11);
  }
}

function defaultOf(feature: u32, dw11: u32): u32 {
  switch (feature) {
    case Feature.ARBITRATION: return ARBITRATION;
    case Feature.TEMPERATURE: return isComposite(dw11) && !isUnder(dw11) ? WARM : 0;
    case Feature.QUEUES: return (IO_QUEUES - 1) << 16 | (IO_QUEUES - 1);
    // The admin queue's vector does not wait for others.
    case Feature.VECTOR: return dw11 & COUNT_MASK | ((dw11 & COUNT_MASK) == 0 ? <u32>0x1_0000 : 0);
    default: return 0;
  }
}

export function setFeature(n: Nvme, namespace: u32, dw10: u32, dw11: u32): u32 {
  const feature = dw10 & 0xff, can = isKnown(feature) ? capabilities(feature) : 0;
  store<u32>(RESULT, 0);
  if (dw10 & Select.SAVE) return Status.NOT_SAVEABLE;
  if (!isKnown(feature)) return Status.INVALID_FIELD;
  if (can & Capability.OF_NAMESPACE) {
    if (!isValid(namespace)) return Status.INVALID_NAMESPACE;
    if (namespace != 1 && namespace != BROADCAST) return Status.INVALID_FIELD;
  } else if (namespace != 0 && namespace != BROADCAST) return isValid(namespace) ? Status.NOT_OF_NAMESPACE : Status.INVALID_NAMESPACE;
  return can & Capability.CHANGEABLE ? change(n, feature, dw11) : <u32>Status.NOT_CHANGEABLE;
}

function change(n: Nvme, feature: u32, value: u32): u32 {
  switch (feature) {
    case Feature.TEMPERATURE:
      if (!isComposite(value)) return Status.OK;
      if (isUnder(value)) n.temperatureUnder = value & COUNT_MASK;
      else if ((value >> 20 & 3) == 0) n.temperatureOver = value & COUNT_MASK;
      else return Status.INVALID_FIELD;
      return Status.OK;
    case Feature.ERROR_RECOVERY: n.errorRecovery = value; return Status.OK;
    case Feature.WRITE_CACHE: n.cached = value & 1; return Status.OK;
    case Feature.EVENTS: n.eventsWanted = value; return Status.OK;
    default: return askQueues(n, value);
  }
}

/** NUMBER OF QUEUES: what it may make is always the same, and said before any is there. */
function askQueues(n: Nvme, value: u32): u32 {
  for (let i: u32 = 1; i < QUEUES; i++) if (hasSubmission(n, i) || hasCompletion(n, i)) return Status.SEQUENCE_ERROR;
  if ((value & COUNT_MASK) == COUNT_MASK || value >> 16 == COUNT_MASK) return Status.INVALID_FIELD;
  store<u32>(RESULT, defaultOf(Feature.QUEUES, 0));
  return Status.OK;
}

// Package lane runs the queues of conversations: each lane in order, all lanes
// at once.
//
// # Guarantees
//
//  1. At most one owner has a lane at a time, and its fence's epoch is greater
//     than that of every owner before. A late owner is refused by the store.
//  2. A lane with work is claimed within a poll interval (1 s) by a running
//     replica, at once if the replica itself stored the work.
//  3. No lane waits for another: each running lane has its own goroutine. At
//     most Options.Running lanes run at once; the others wait in the store, in
//     order of arrival, and are lost to nothing.
//  4. A replica that lost its lease cancels its lanes and joins again under a
//     new name. One lane's error or panic ends that run alone; the lane is
//     retried after a pause.
//  5. A stop that was committed by any replica reaches the lane's handler within
//     a sixth of the lease (1 s).
//  6. [Dispatcher.Run] returns only after all its lanes have ended.
//
// Not guaranteed: that an owner whose process was frozen past its lease does
// nothing in the instant it wakes. Each of its writes is refused by the store,
// which the outbox asks before every effect; what remains is the effect that
// was already on its way.
package lane

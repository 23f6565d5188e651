// Package bench measures a Slack bot as the people who write to it see it: how
// soon something shows, how soon the whole answer is there, whether each message
// got exactly one. It runs both simulators in its own process and each bot under
// test as a child, so that what the bot uses is its own.
//
// # Guarantees
//
//  1. Every message has a number, and so has every answer of the scripted model;
//     an answer counts only for the message whose number it carries, and only if
//     all of its text is there.
//  2. Messages are sent on a schedule that does not wait for answers, so a slow
//     bot is not spared the load that makes it slow.
//  3. Times are taken inside the simulator, when the workspace changes. Nothing
//     polls, and the number of goroutines does not grow with the load (but for
//     those of the simulators' connections).
//  4. When Run returns, whatever the reason, the bots have ended, the simulators
//     are closed and the files of the run are gone.
//
// Not guaranteed: CPU and memory on systems without /proc (they are left out);
// goroutines and open files of bots that do not tell ([Bot.Inside]); that two runs
// give the same figures.
//
// app may import it; it imports slacksim, modelsim and process.
package bench

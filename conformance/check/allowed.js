// What the checks let pass, each with its reason. Shorten this when a newer document or package allows: a check fails
// when something here is no longer needed.

/**
 * Where OpenAI's document of June 2026 and the API part. path is a JSON path, with * for indices and <type> behind what
 * has one; kind is unknown (a field the document does not have), null (where it wants something), missing or wrong.
 */
export const openapi = [
  { kind: 'null', path: /\/user$/, why: "the document's own examples of a Response send null" },
  { kind: 'null', path: /\/usage$/, why: "the document's own examples of a Response that goes on or failed send null" },
  { kind: 'null', path: /\/(safety_identifier|prompt_cache_key)$/, why: 'string or null in the types of openai 7.57' },
  { kind: 'missing', path: /^<response.function_call_arguments.done>\/name$/, why: 'not in the types of openai 7.57' },
  { kind: 'unknown', path: /(\.delta>|^)\/obfuscation$/, why: 'described with stream_options.include_obfuscation, but in no schema of an event' },
  { kind: 'unknown', path: /^(\/response)?\/store$/, why: "the document's own examples of a Response have it" },
  { kind: 'unknown', path: /<custom_tool_call>\/status$/, why: "OpenAI's guide to custom tools shows it, and ResponseCustomToolCallItem has it" },
  ...[
    // newer than the document: in the types of openai 7.57
    ['unknown', /\/input_tokens_details\/cache_write_tokens$/],
    ['unknown', /^(\/response)?\/(tool_usage|access_programs|moderation)$/],
    ['unknown', /<response.image_generation_call.partial_image>\/(size|quality|background|output_format)$/],
    ['unknown', /<image_generation_call>\/(action|revised_prompt|size|quality|background|output_format)$/],
    ['wrong', /\/error<mcp_\w+_error>$/],
    ['wrong', /^<response.compaction.compacting>$/],
  ].map(([kind, path]) => ({ kind, path, why: 'newer than the document: in the types of openai 7.57' })),
];

/**
 * Where the types of the openai package and the API part: fields that are taken off before the types are asked, as tsc
 * would name no other fault beside them.
 */
export const openaiTypes = [
  { at: (o, field) => isResponse(o) && field === 'user' && o.user === null, why: "OpenAI's own examples of a Response send null" },
  { at: (o, field) => isResponse(o) && field === 'usage' && o.usage === null, why: "OpenAI's own examples send null until the end, and after a failure" },
  { at: (o, field) => isResponse(o) && field === 'store', why: "OpenAI's own examples of a Response have it" },
  { at: (o, field) => field === 'obfuscation' && /\.delta$/.test(o.type), why: 'described with stream_options.include_obfuscation, but in no type of an event' },
  { at: (o, field) => o.object === 'response.compaction' && field === 'output', why: 'the types know no messages of people in it; the document does' },
  { at: (o, field) => field === 'status' && o.type === 'custom_tool_call', why: "OpenAI's guide to custom tools shows it, and ResponseCustomToolCallItem has it" },
];

const isResponse = (o) => o.object === 'response';

const blocks = [
  { at: (o, field) => o.type === 'rich_text_list' && field === 'offset', why: "in Slack's reference of rich text, not in @slack/types 3.2" },
  { at: (o, field) => o.type === 'header' && field === 'level', why: "in Slack's reference of the header block, not in @slack/types 3.2" },
  { at: (o, field) => o.type === 'rich_text_preformatted' && field === 'language', why: 'other libraries send it; not in @slack/types 3.2, and not yet tried on Slack itself' },
];

/** Where the assistant's calls and the types of @slack/web-api and @slack/types part. */
export const slackCalls = [...blocks];

const isMessage = (o) => o.type === 'message' && typeof o.ts === 'string';

/** Where slacksim's answers and the types of @slack/web-api, which are made from samples, part. */
export const slackAnswers = [
  ...blocks,
  { at: (o, field) => isMessage(o) && field === 'agent_session', why: 'in the type of ConversationsHistoryResponse; that of the replies is older' },
  { at: (o, field) => isMessage(o) && ['metadata', 'client_msg_id', 'streaming_state', 'subtype'].includes(field), why: 'in the types of message events, and in recorded answers' },
  { at: (o, field) => o.type === 'message' && !o.ts && ['thread_ts', 'parent_user_id', 'streaming_state'].includes(field), why: 'the samples of chat.update were of messages without a thread' },
  { at: (o, field) => 'root_view_id' in o && o[field] === null, why: "Slack's own examples of a view send null for what it does not have" },
];

const isUser = (o) => 'username' in o && 'team_id' in o;

/** Where slacksim's events and payloads and the types of @slack/types and @slack/bolt part. */
export const slackPayloads = [
  { at: (o, field) => isMessage(o) && field === 'action_token', why: 'sent to agents for assistant.search.context, in recorded events, not in the types' },
  { at: (o, field) => o.type === 'app_mention' && ['action_token', 'assistant_thread'].includes(field), why: 'as in messages' },
  { at: (o, field) => isMessage(o) && !o.subtype && field === 'streaming_state', why: 'in the type of bot_message, and the messages of an app have no subtype' },
  { at: (o, field) => isMessage(o) && field === 'files', why: 'the type of a file wants channels and groups, which files of messages do not have, and lacks what they do have' },
  { at: (o, field) => o.subtype === 'file_share' && ['team', 'bot_id', 'bot_profile', 'assistant_thread'].includes(field), why: 'recorded messages with files have them, as other messages do' },
  { at: (o, field) => isMessage(o) && field === 'app_id', why: "recorded messages of an app have it, and no subtype" },
  { at: (o, field) => /^(context_)?enterprise(_id)?$/.test(field) && o[field] === null && !('is_bot' in o), why: 'recorded payloads have null outside Enterprise Grid' },
  { at: (o, field, type) => isUser(o) && field === 'username' && !/BlockAction|Shortcut/.test(type), why: 'recorded interactions name a user twice; these types know the name' },
  { at: (o, field, type) => isUser(o) && field === 'name' && /GlobalShortcut/.test(type), why: 'recorded interactions name a user twice; this type knows the username' },
  { at: (o, field) => o.type === 'button' && 'action_ts' in o && field === 'style', why: 'recorded clicks have it' },
];

/** Payloads whose type asks for what Slack does not send, or does not know what it sends: not checked. */
export const slackSkipped = [
  { is: (p) => ['message_changed', 'message_deleted'].includes(p.event?.subtype), why: 'the types want channel and event_ts in the messages inside' },
  { is: (p) => p.event?.type === 'app_home_opened' && p.event.view, why: 'the types have the view as an app sends it, without id and hash' },
  { is: (p) => p.actions?.[0]?.type === 'datetimepicker', why: 'Bolt has no type of this action' },
];

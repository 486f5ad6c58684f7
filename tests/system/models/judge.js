// What the vendors' own SDKs hear from a server: one line of JSON for each question, as
// {who, text, tools: [{name, arguments}], usage: {input, output}, finish}, or {who, status}.
import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';

const { OPENAI_URL, ANTHROPIC_URL, GOOGLE_URL } = process.env;
const openai = new OpenAI({ apiKey: 'k', baseURL: OPENAI_URL, maxRetries: 0 });
const anthropic = new Anthropic({ apiKey: 'k', baseURL: ANTHROPIC_URL, maxRetries: 0 });
const google = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: GOOGLE_URL } });

const tell = (who, said) => console.log(JSON.stringify({ who, ...said }));
const schema = { type: 'object', properties: { x: { type: 'integer' } } };

function ofChat(completion) {
  const { message, finish_reason: finish } = completion.choices[0];
  return {
    text: message.content ?? '',
    tools: (message.tool_calls ?? []).map((call) => ({
      name: call.function.name, arguments: JSON.parse(call.function.arguments),
    })),
    usage: { input: completion.usage.prompt_tokens, output: completion.usage.completion_tokens },
    finish,
  };
}

async function chat(content) {
  const question = {
    model: 'm', messages: [{ role: 'user', content }],
    tools: [{ type: 'function', function: { name: 'f', parameters: schema } }],
  };
  tell('chat', ofChat(await openai.chat.completions.create(question)));
  const stream = openai.chat.completions.stream({
    ...question, stream_options: { include_usage: true },
  });
  tell('chat stream', ofChat(await stream.finalChatCompletion()));
}

function ofResponse(response) {
  const calls = response.output.filter((item) => item.type === 'function_call');
  const texts = response.output.filter((item) => item.type === 'message');
  return {
    text: texts.flatMap((item) => item.content).map((part) => part.text).join(''),
    tools: calls.map((call) => ({ name: call.name, arguments: JSON.parse(call.arguments) })),
    usage: { input: response.usage.input_tokens, output: response.usage.output_tokens },
    finish: response.status,
  };
}

async function responses(input) {
  const question = {
    model: 'm', input, tools: [{ type: 'function', name: 'f', parameters: schema, strict: false }],
  };
  tell('responses', ofResponse(await openai.responses.create(question)));
  tell('responses stream', ofResponse(await openai.responses.stream(question).finalResponse()));
}

function ofMessage(message) {
  return {
    text: message.content.filter((block) => block.type === 'text').map((block) => block.text).join(''),
    tools: message.content.filter((block) => block.type === 'tool_use')
      .map((block) => ({ name: block.name, arguments: block.input })),
    usage: { input: message.usage.input_tokens, output: message.usage.output_tokens },
    finish: message.stop_reason,
  };
}

async function messages(content) {
  const question = {
    model: 'm', max_tokens: 100, messages: [{ role: 'user', content }],
    tools: [{ name: 'f', input_schema: schema }],
  };
  tell('messages', ofMessage(await anthropic.messages.create(question)));
  tell('messages stream', ofMessage(await anthropic.messages.stream(question).finalMessage()));
}

function ofContent(parts, last) {
  return {
    text: parts.map((part) => part.text ?? '').join(''),
    tools: parts.filter((part) => part.functionCall)
      .map(({ functionCall }) => ({ name: functionCall.name, arguments: functionCall.args })),
    usage: {
      input: last.usageMetadata.promptTokenCount, output: last.usageMetadata.candidatesTokenCount,
    },
    finish: last.candidates[0].finishReason,
  };
}

async function content(contents) {
  const question = {
    model: 'm', contents,
    config: { tools: [{ functionDeclarations: [{ name: 'f', parametersJsonSchema: schema }] }] },
  };
  const whole = await google.models.generateContent(question);
  tell('content', ofContent(whole.candidates[0].content.parts, whole));
  const parts = [];
  let last;
  for await (const chunk of await google.models.generateContentStream(question)) {
    parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
    last = chunk;
  }
  tell('content stream', ofContent(parts, last));
}

const asks = { chat, responses, messages, content };
for (const [who, ask] of Object.entries(asks)) {
  await ask('say a text');
  await ask('use a tool');
  try {
    await ask('fail');
    tell(who, { status: 200 });
  } catch (error) {
    tell(who, { status: error.status });
  }
}

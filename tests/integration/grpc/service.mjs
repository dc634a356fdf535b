// The calls of the tests, without a compiler of protocol buffers: messages are text.
import grpc from '@grpc/grpc-js';

const kind = (name, requestStream, responseStream) => ({
	path: `/test.Calls/${name}`, requestStream, responseStream,
	requestSerialize: text => Buffer.from(text), requestDeserialize: bytes => bytes.toString('latin1'),
	responseSerialize: text => Buffer.from(text), responseDeserialize: bytes => bytes.toString('latin1'),
});
export const calls = {
	Echo: kind('Echo', false, false), Count: kind('Count', false, true), Sum: kind('Sum', true, false), Chat: kind('Chat', true, true), Hidden: kind('Hidden', true, true),
};
export default grpc;

// Viewer request of the behaviour /_registry/REGISTRY/*: what the registry is asked is the path after the
// prefix. Only the registry API passes.
var PREFIX = '/_registry/' + 'REGISTRY';

// URL parsers disagree on these: dot segments, encoded dots, slashes, backslashes and control
// characters, malformed escapes. RFC 3986's path characters are the only ones that pass unencoded.
var PATH = /^\/v2(?:\/[A-Za-z0-9._~!$&'()*+,;=:@\/%-]*)?$/;
var UNFIT = /\/\.{1,2}(?:\/|$)|%(?:2[ef]|5c|7f|[01].)|%(?![0-9a-f]{2})/i;

function handler(event) {
    var request = event.request;
    var path = request.uri.substring(PREFIX.length);
    if (request.uri.indexOf(PREFIX) !== 0 || !PATH.test(path) || UNFIT.test(path)) {
        return {
            statusCode: 403,
            statusDescription: 'Forbidden',
            headers: {
                'content-type': { value: 'application/json' },
                'cache-control': { value: 'no-store' }
            },
            body: '{"errors":[{"code":"DENIED","message":"this path is not part of the registry API"}]}'
        };
    }
    request.uri = path;
    return request;
}

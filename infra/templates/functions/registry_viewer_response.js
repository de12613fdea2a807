// Viewer response of the behaviour /_registry/REGISTRY/*: a URL at the registry's host becomes one at the
// name that the client asked. Uploads stay under the prefix, since they must go on where they began; all
// else starts again under /v2/. A redirect to another host is the registry's own choice and is not changed;
// any other Location there is refused, since clients would send that host their credentials.
var REGISTRY = 'REGISTRY';
var PREFIX = '/_registry/' + REGISTRY;

// Printable ASCII without space and backslash: URL parsers disagree on everything else.
var REFERENCE = /^[!-\[\]-~]+$/;
// No user info: it would be a credential, printed by clients that show where they upload to.
var ABSOLUTE = /^(?:https:)?\/\/([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(\d*))?([\/?#].*)?$/i;
var SCHEME_OR_AUTHORITY = /^(?:\/\/|[a-z][a-z0-9+.-]*:)/i;
var PATH_AND_QUERY = /^([^?#]*)(\?[^#]*)?$/;
var LINK = /^<([^<>]*)>([^<>]*)$/;
var UPLOAD = /^\/v2\/.+\/blobs\/uploads(?:\/[^\/]*)?$/;

// As in the viewer request.
var PATH = /^\/v2(?:\/[A-Za-z0-9._~!$&'()*+,;=:@\/%-]*)?$/;
var UNFIT = /\/\.{1,2}(?:\/|$)|%(?:2[ef]|5c|7f|[01].)|%(?![0-9a-f]{2})/i;

var BODY = '{"errors":[{"code":"UNKNOWN","message":"the registry answered with a URL that cannot be passed on"}]}';

// The reference as the client may see it; null where it must not be passed on.
function ours(reference, uri, elsewhere) {
    if (!REFERENCE.test(reference)) {
        return null;
    }
    var absolute = ABSOLUTE.exec(reference);
    if (absolute) {
        var port = Number(absolute[2] || 443);
        var authority = absolute[1].toLowerCase() + (port === 443 ? '' : ':' + port);
        if (authority !== REGISTRY) {
            return elsewhere && port < 65536 ? reference : null;
        }
        reference = absolute[3] || '';
    } else if (SCHEME_OR_AUTHORITY.test(reference)) {
        return null;
    }
    var parts = PATH_AND_QUERY.exec(reference);
    if (!parts) {
        return null;
    }
    var path = parts[1];
    if (!absolute && path.charAt(0) !== '/') {
        // Whether `uri` still has the prefix, which the viewer request took off, is not documented.
        var base = uri.indexOf(PREFIX + '/') === 0 ? uri.substring(PREFIX.length) : uri;
        path = path === '' ? base : base.substring(0, base.lastIndexOf('/') + 1) + path;
    }
    if (!PATH.test(path) || UNFIT.test(path)) {
        return null;
    }
    return (UPLOAD.test(path) ? PREFIX : '') + path + (parts[2] || '');
}

function link(value, uri) {
    var parts = LINK.exec(value);
    var reference = parts && ours(parts[1], uri, false);
    return reference && '<' + reference + '>' + parts[2];
}

function refuse(response) {
    var headers = response.headers;
    delete headers.location;
    delete headers.link;
    delete headers['content-encoding'];
    headers['content-type'] = { value: 'application/json' };
    headers['cache-control'] = { value: 'no-store' };
    if (headers['content-length']) {
        headers['content-length'] = { value: String(BODY.length) };
    }
    response.statusCode = 502;
    response.statusDescription = 'Bad Gateway';
    response.body = BODY;
    return response;
}

function handler(event) {
    var response = event.response;
    var names = ['location', 'link'];
    for (var i = 0; i < names.length; i++) {
        var header = response.headers[names[i]];
        if (!header) {
            continue;
        }
        var rewrite = names[i] === 'link' ? link : ours;
        // Repeated lines: clients would not agree on which one counts.
        var redirects = response.statusCode >= 300 && response.statusCode < 400;
        var value = header.multiValue ? null : rewrite(header.value, event.request.uri, redirects);
        if (!value) {
            return refuse(response);
        }
        response.headers[names[i]] = { value: value };
    }
    return response;
}

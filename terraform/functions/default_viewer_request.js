// Viewer request of the default behaviour: the redirect service needs no credentials and gets none.
// It ignores them in any case, so nothing depends on this function alone.
var CHALLENGE = '/_challenge';

function handler(event) {
    var request = event.request;
    delete request.headers.authorization;
    // API Gateway would ask a client that was challenged in mode relay, while the name was moved here, for
    // the credentials that it has sent. The path that it wanted leads to the registry, which asks itself.
    if (request.uri.indexOf(CHALLENGE + '/') === 0) {
        request.uri = request.uri.substring(CHALLENGE.length);
    }
    return request;
}

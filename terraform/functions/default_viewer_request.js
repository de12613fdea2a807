// Viewer request of the default behaviour: the redirect service needs no credentials and gets none.
// It ignores them in any case, so nothing depends on this function alone.
function handler(event) {
    delete event.request.headers.authorization;
    return event.request;
}

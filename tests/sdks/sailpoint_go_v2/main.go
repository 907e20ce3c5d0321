// Asks SailPoint's SDK for Go what standard input says, and prints what it handed out.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"reflect"
	"strings"

	"github.com/hashicorp/go-retryablehttp"
	sailpoint "github.com/sailpoint-oss/golang-sdk/v2"
	v2025 "github.com/sailpoint-oss/golang-sdk/v2/api_v2025"
)

type task struct {
	Visit struct {
		Token string `json:"token"`
	} `json:"visit"`
	Questions []question `json:"questions"`
}

// question names an operation like V2025, ApiUsageAPI, GetTotalCount and its parameters like the SDK's methods do.
type question struct {
	Version   string  `json:"version"`
	API       string  `json:"api"`
	Operation string  `json:"operation"`
	ID        string  `json:"id"`
	Filters   *string `json:"filters"`
	Limit     *int32  `json:"limit"`
	Offset    *int32  `json:"offset"`
	Count     *bool   `json:"count"`
	Sorters   *string `json:"sorters"`
	Retries   *int    `json:"retries"`
	// Paginate leaves limit and offset to the SDK.
	Paginate bool `json:"paginate"`
}

type answer struct {
	Status  int               `json:"status"`
	Body    any               `json:"body"`
	Headers map[string]string `json:"headers"`
	Error   string            `json:"error"`
}

func main() {
	var told task
	check(json.NewDecoder(os.Stdin).Decode(&told))
	configuration := sailpoint.NewDefaultConfiguration() // as the environment says
	configuration.Experimental = true
	configuration.ClientConfiguration.Token = told.Visit.Token
	configuration.HTTPClient = retryablehttp.NewClient()
	client := sailpoint.NewAPIClient(configuration)

	answers := []answer{}
	for _, asked := range told.Questions {
		if asked.Retries != nil {
			configuration.HTTPClient.RetryMax = *asked.Retries
			configuration.HTTPClient.ErrorHandler = retryablehttp.PassthroughErrorHandler
		}
		answers = append(answers, asked.ask(client))
	}
	check(json.NewEncoder(os.Stdout).Encode(answers))
}

func (q question) ask(client *sailpoint.APIClient) answer {
	if q.Paginate {
		request := client.V2025.ApiUsageAPI.ListApiSummary(context.Background())
		if q.Filters != nil {
			request = request.Filters(*q.Filters)
		}
		rows, response, err := sailpoint.PaginateWithDefaults[v2025.SummaryResponse](request)
		return answerOf(rows, response, err)
	}
	returned := sailpoint.Invoke(q.request(client), "Execute")
	response, _ := returned[1].Interface().(*http.Response)
	err, _ := returned[2].Interface().(error)
	return answerOf(returned[0].Interface(), response, err)
}

// request calls what a program would write down, client.V2025.ApiUsageAPI.ListApiSummary(ctx).Limit(5), by name.
func (q question) request(client *sailpoint.APIClient) any {
	version := reflect.ValueOf(client).Elem().FieldByName(q.Version)
	api := version.Elem().FieldByName(q.API).Interface()
	arguments := []any{context.Background()}
	if q.ID != "" {
		arguments = append(arguments, q.ID)
	}
	request := sailpoint.Invoke(api, q.Operation, arguments...)[0].Interface()
	for _, parameter := range []struct {
		name  string
		value any
	}{{"Filters", q.Filters}, {"Limit", q.Limit}, {"Offset", q.Offset}, {"Count", q.Count}, {"Sorters", q.Sorters}} {
		if value := reflect.ValueOf(parameter.value); !value.IsNil() {
			request = sailpoint.Invoke(request, parameter.name, value.Elem().Interface())[0].Interface()
		}
	}
	return request
}

func answerOf(body any, response *http.Response, err error) answer {
	seen := answer{Headers: map[string]string{}}
	if response != nil {
		seen.Status = response.StatusCode
		for name := range response.Header {
			seen.Headers[strings.ToLower(name)] = response.Header.Get(name)
		}
	}
	if err == nil {
		seen.Body = body
		return seen
	}
	seen.Error = err.Error()
	var refused interface{ Model() any }
	if errors.As(err, &refused) {
		seen.Body = refused.Model()
	}
	return seen
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
